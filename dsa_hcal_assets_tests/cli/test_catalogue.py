"""`dsa-hcal catalogue`: from a file to sources in a cone."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dsa_hcal_assets.cli.catalogue import catalogue
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets_tests.radio.catalogues.excerpts import LIST


def run(*words: object) -> Result:
    return CliRunner().invoke(catalogue, [str(word) for word in words])


@pytest.fixture
def files(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a calibrator list and a survey; commands talk to the test's database."""
    monkeypatch.setenv("DSA_HCAL_DATABASE_URL", database.url)
    (tmp_path / "list.txt").write_text(LIST + "what is this\n")
    (tmp_path / "nvss.csv").write_text("name,ra_deg,dec_deg,flux_mjy\nA,10,-20,5\nB,10.1,-20,7\n")
    return tmp_path


def test_a_list_is_loaded_listed_and_shown_with_its_trouble(files: Path) -> None:
    found = run("load", "vla", files / "list.txt")
    assert found.output == "vla version 1: 3 calibrators, 1 lines with trouble (`catalogue show`)\n"
    (line, count) = run("list").output.splitlines()
    assert line.split() == ["vla", "v1", "calibrators", "3", "1425.0", "MHz", "list.txt"]
    assert count == "1 catalogues"
    shown = run("show", "vla").output
    assert "v1    current            3 sources" in shown
    assert f"line {len(LIST.splitlines()) + 1}: neither a position, nor a band, nor a heading" in shown


def test_a_cone_south_of_the_equator(files: Path) -> None:
    run("load", "nvss", files / "nvss.csv")
    lines = run("cone", "nvss", 10, -20, 1).output.splitlines()
    assert [line.split() for line in lines] == [
        ["A", "10.000000", "-20.000000", "0.00", "5.00"],
        ["B", "10.100000", "-20.000000", "338.29", "7.00"],
        ["2", "sources"],
    ]
    assert run("cone", "nvss", 10, -20, 1, "--faintest", 0.006).output.splitlines()[-1] == "1 sources"
    assert run("cone", "nvss", 10, -20, 1, "--limit", 1).output.splitlines()[-1] == "1 sources (the limit)"


def test_options_say_what_the_file_does_not(files: Path) -> None:
    (files / "mine.csv").write_text("lon,lat,s\n10,20,3\n")
    columns = ("--column", "ra=lon", "--column", "dec=lat", "--column", "flux=s")
    found = run("load", "mine", files / "mine.csv", *columns, "--unit", "flux=uJy", "--frequency", 9e8)
    assert found.output == "mine version 1: 1 sources\n"
    assert "flux            s [uJy]" in run("show", "mine").output


def test_replacing_drops_the_older_sources(files: Path) -> None:
    run("load", "nvss", files / "nvss.csv")
    (files / "nvss.csv").write_text("name,ra_deg,dec_deg,flux_mjy\nA,10,-20,5\n")
    assert run("load", "nvss", files / "nvss.csv", "--replace").output == "nvss version 2: 1 sources\n"
    assert [line.split()[:3] for line in run("show", "nvss").output.splitlines()[:2]] == [
        ["v2", "current", "1"],
        ["v1", "removed", "2"],
    ]


def test_a_pair_without_a_value_is_refused(files: Path) -> None:
    found = run("load", "nvss", files / "nvss.csv", "--unit", "flux")
    assert found.exit_code == 2
    assert "'flux' is not of the form MEANING=VALUE" in found.output


def test_a_file_that_cannot_be_read_leaves_no_catalogue(files: Path) -> None:
    (files / "bad.csv").write_text("x,y\n1,2\n")
    assert isinstance(run("load", "bad", files / "bad.csv").exception, BadInput)
    assert run("list").output == "no catalogue is loaded\n"
