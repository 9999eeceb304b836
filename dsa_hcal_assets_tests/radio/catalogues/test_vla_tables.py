"""The calibrator list as text, CSV or SQLite: the same sources from each."""

import csv
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.catalogues.vla_list import ListedCalibrator, parse_list
from dsa_hcal_assets.radio.catalogues.vla_tables import is_calibrator_list, read_calibrator_list
from dsa_hcal_assets_tests.radio.catalogues.excerpts import LIST

SOURCES = parse_list(LIST).sources
HEADING = ["J2000_NAME", "RA_J2000", "DEC_J2000", "BAND", "FLUX_JY", "POSITION_CODE", "ALT_NAME", "QUALITY"]


def as_text(path: Path) -> Path:
    path.write_text(LIST)
    return path


def as_csv(path: Path) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADING)
        for one in SOURCES:
            for row in one.fluxes:
                facts = [one.position_code, " ".join(one.aliases), row.quality]
                band = f"{row.wavelength_cm:g}cm"
                writer.writerow([one.name, one.ra_deg, one.dec_deg, band, row.flux_jy or "", *facts])
    return path


def as_sqlite(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "create table calibrators (name text primary key, ra_deg real, dec_deg real, "
            "position_code text, alt_name text)"
        )
        connection.execute(
            "create table fluxes (name text, band text, freq_hz real, flux_jy real, quality_codes text)"
        )
        for one in SOURCES:
            facts = (one.name, one.ra_deg, one.dec_deg, one.position_code, " ".join(one.aliases))
            connection.execute("insert into calibrators values (?, ?, ?, ?, ?)", facts)
            for row in one.fluxes:
                values = (one.name, f"{row.wavelength_cm:g}cm", row.frequency_hz, row.flux_jy, row.quality)
                connection.execute("insert into fluxes values (?, ?, ?, ?, ?)", values)
    return path


def without_baselines(source: ListedCalibrator) -> tuple[object, ...]:
    """All that the tables can say; they have no limits of baselines."""
    rows = tuple((one.wavelength_cm, one.frequency_hz, one.flux_jy, one.quality) for one in source.fluxes)
    return (
        source.name, source.aliases, source.ra_deg, source.dec_deg, source.position_code, sorted(rows),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("write", "name"), [(as_text, "list.txt"), (as_csv, "list.csv"), (as_sqlite, "list.sqlite3")]
)
def test_each_form_holds_the_same(tmp_path: Path, write, name: str) -> None:  # type: ignore[no-untyped-def]
    path = write(tmp_path / name)
    assert is_calibrator_list(path)
    found = read_calibrator_list(path)
    assert found.problems == ()
    assert [without_baselines(one) for one in found.sources] == [without_baselines(one) for one in SOURCES]


def test_a_table_may_have_sexagesimal_positions(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("J2000_NAME,RA_J2000,DEC_J2000,BAND,FLUX_JY\nx,13h31m08.288s,-00d30m36s,L,15\n")
    (found,) = read_calibrator_list(path).sources
    assert found.ra_deg == pytest.approx(202.78453333)
    assert found.dec_deg == pytest.approx(-0.51)


def test_a_row_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("J2000_NAME,RA_J2000,DEC_J2000,BAND,FLUX_JY\na,1,2,L,15\nb,1,95,L,3\nc,1,2,W,3\n")
    found = read_calibrator_list(path)
    assert [one.name for one in found.sources] == ["a"]
    assert [one.line for one in found.problems] == [3, 4]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("list.csv", "J2000_NAME,RA,BAND\nx,1,L\n", "lacks a column"),
        ("list.txt", "nothing of the kind", "holds no calibrator"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, name: str, content: str, told: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(BadInput, match=told):
        read_calibrator_list(tmp_path / name)


def test_another_database_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.sqlite3")) as connection, connection:
        connection.execute("create table mine (x)")
    with pytest.raises(BadInput, match="no such table: calibrators"):
        read_calibrator_list(tmp_path / "other.sqlite3")


@pytest.mark.parametrize(
    "head",
    [
        "ra,dec,flux_mjy\n1,2,3\n",
        "SIMPLE  =                    T EQUINOX = 2000.0 RADESYS = 'FK5 J2000 '",
        '<VOTABLE><COOSYS system="eq_FK5" equinox="J2000" /> RAJ2000',
        "name,ra,dec\n0003-174 J2000,1,2\n",
    ],
)
def test_a_survey_is_not_taken_for_the_list(tmp_path: Path, head: str) -> None:
    (tmp_path / "nvss").write_text(head)
    assert not is_calibrator_list(tmp_path / "nvss")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"absent.txt cannot be read"):
        is_calibrator_list(tmp_path / "absent.txt")
