"""Versions of catalogues: loaded whole or not at all, older ones kept or dropped on request."""

from pathlib import Path

import numpy as np
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.catalogues.calibrators import (
    field_sources,
    known_calibrators,
    listed_calibrators,
)
from dsa_hcal_assets.radio.catalogues.cone import cone_search
from dsa_hcal_assets.radio.catalogues.loading import load_catalogue
from dsa_hcal_assets.radio.catalogues.store import catalogues, current_catalogue, store_catalogue
from dsa_hcal_assets.radio.catalogues.vla_list import parse_list
from dsa_hcal_assets_tests.radio.catalogues.excerpts import LIST, block
from dsa_hcal_assets_tests.radio.catalogues.skies import scattered, table_of


def survey(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(("name,ra_deg,dec_deg,flux_mjy", *rows, "")))
    return path


def sources(database: Database, name: str = "nvss") -> int:
    ((count,),) = database.rows("select count(*) from radio.current_source where catalogue = %s", (name,))
    return int(count)


def test_a_survey_is_loaded_with_its_record(database: Database, tmp_path: Path) -> None:
    loaded = load_catalogue(
        database, "nvss", survey(tmp_path / "a.csv", "A,10,20,5", "B,11,20,7", "C,12,99,1")
    )
    assert (loaded.version, loaded.kind, loaded.state, loaded.origin) == (1, "sources", "current", "a.csv")
    assert (loaded.sources, loaded.refused, loaded.frequency_hz) == (2, 1, 1.4e9)
    assert loaded.columns["flux"] == "flux_mjy [mjy]"
    assert [one["line"] for one in loaded.problems] == [3]
    (found,) = cone_search(database, "nvss", 10.0, 20.0, 0.1)
    assert (found.name, found.flux_jy, found.frequency_hz) == ("A", 0.005, 1.4e9)


def test_the_same_again_changes_nothing(database: Database, tmp_path: Path) -> None:
    path = survey(tmp_path / "a.csv", "A,10,20,5")
    assert load_catalogue(database, "nvss", path) == load_catalogue(database, "nvss", path)
    assert len(catalogues(database)) == 1


def test_the_same_file_read_otherwise_is_another_version(database: Database, tmp_path: Path) -> None:
    path = survey(tmp_path / "a.csv", "A,10,20,5")
    load_catalogue(database, "nvss", path)
    assert load_catalogue(database, "nvss", path, units={"flux": "Jy"}).version == 2
    assert cone_search(database, "nvss", 10.0, 20.0, 0.1)[0].flux_jy == 5.0


def test_another_content_supersedes_and_history_is_kept(database: Database, tmp_path: Path) -> None:
    first = load_catalogue(database, "nvss", survey(tmp_path / "a.csv", "A,10,20,5", "B,11,20,7"))
    load_catalogue(database, "nvss", survey(tmp_path / "b.csv", "A,10,20,6"))
    assert [(one.version, one.state) for one in catalogues(database, "nvss")] == [
        (2, "current"),
        (1, "superseded"),
    ]
    assert sources(database) == 1
    kept = database.rows(
        "select count(*) from radio.catalogue_source where catalogue_id = %s", (first.catalogue_id,)
    )
    assert kept == [(2,)]


def test_replacing_drops_the_older_sources_but_not_their_record(database: Database, tmp_path: Path) -> None:
    load_catalogue(database, "nvss", survey(tmp_path / "a.csv", "A,10,20,5", "B,11,20,7"))
    load_catalogue(database, "nvss", survey(tmp_path / "b.csv", "A,10,20,6"), keep_history=False)
    assert [one.state for one in catalogues(database, "nvss")] == ["current", "removed"]
    assert database.rows("select count(*) from radio.catalogue_source") == [(1,)]


def test_a_file_that_fails_leaves_what_was_there(database: Database, tmp_path: Path) -> None:
    load_catalogue(database, "nvss", survey(tmp_path / "a.csv", "A,10,20,5"))
    with pytest.raises(BadInput):
        load_catalogue(database, "nvss", survey(tmp_path / "b.csv", "A,10,99,6"))
    assert current_catalogue(database, "nvss").origin == "a.csv"
    assert sources(database) == 1


def test_a_name_with_blanks_is_refused(database: Database, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'My NVSS' cannot be stored"):
        load_catalogue(database, "My NVSS", survey(tmp_path / "a.csv", "A,10,20,5"), frequency_hz=1e9)


def test_positions_and_flux_densities_come_back_as_they_went(database: Database) -> None:
    table = scattered(3000, seed=5)
    store_catalogue(database, "sky", table, origin="made", checksum="1")
    rows = np.array(
        database.rows("select ra_deg, dec_deg, flux_jy from radio.current_source order by source_number")
    )
    assert (rows[:, 0] == table.ra_deg).all()
    assert (rows[:, 1] == table.dec_deg).all()
    assert (rows[:, 2] == table.flux_jy).all()


def test_names_that_csv_would_trip_over(database: Database) -> None:
    names = ['comma, "quote"', "line\nbreak", "", "NULL", "\\N"]
    table = table_of(np.arange(5.0), np.zeros(5))
    store_catalogue(
        database, "sky", type(table)(**(vars(table) | {"names": names})), origin="made", checksum="1"
    )
    rows = database.rows("select name from radio.current_source order by source_number")
    assert [row[0] for row in rows] == names


def test_sources_of_a_field_have_their_flux_density_at_the_surveys_frequency(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text(
        "name,ra_deg,dec_deg,flux_mjy,alpha\nA,10,20,50,0.2\n,10.5,20,70,\nC,10,20.1,1,0\nD,50,20,90,0\n"
    )
    load_catalogue(database, "nvss", tmp_path / "a.csv")
    near, far = field_sources(database, "nvss", 10.0, 20.0, 1.0, 5e-3)
    assert (near.name, far.name) == ("A", "nvss-2")
    assert near.flux_jy(2.8e9) == pytest.approx(0.05 * 2**0.2)
    assert far.flux_jy(1.4e9) == pytest.approx(0.07)
    assert far.flux_jy(2.8e9) == pytest.approx(0.07 * 2**-0.7)


class TestCalibratorList:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        (tmp_path / "list.txt").write_text(LIST)
        return tmp_path / "list.txt"

    def test_it_comes_back_with_bands_codes_and_names(self, database: Database, path: Path) -> None:
        loaded = load_catalogue(database, "vla", path)
        assert (loaded.kind, loaded.sources, loaded.refused) == ("calibrators", 3, 0)
        assert listed_calibrators(database) == parse_list(LIST).sources

    def test_its_sources_are_found_like_others(self, database: Database, path: Path) -> None:
        load_catalogue(database, "vla", path)
        (found,) = cone_search(database, "vla", 202.7845, 30.5092, 0.01)
        assert (found.name, found.flux_jy, found.position_error_arcsec) == ("1331+305", 15.0, 0.002)
        (unmeasured,) = cone_search(database, "vla", 32.11, -0.796, 0.01)
        assert unmeasured.flux_jy is None

    def test_candidates_are_the_standards_and_what_else_is_bright_near_1400_mhz(
        self, database: Database, path: Path
    ) -> None:
        load_catalogue(database, "vla", path)
        extra = known_calibrators(database)[len(known_calibrators()) :]
        # 1331+305 is 3C286, and 0208-004 was measured at 43 GHz only
        assert [one.name for one in extra] == ["0006-000"]
        assert extra[0].flux_jy(1.425e9) == pytest.approx(3.6)

    def test_a_file_and_the_same_list_loaded_are_one(self, database: Database, path: Path) -> None:
        load_catalogue(database, "vla", path)
        assert known_calibrators(database, path) == known_calibrators(database)

    def test_a_newer_list_replaces_the_candidates(self, database: Database, path: Path) -> None:
        load_catalogue(database, "vla", path)
        path.write_text(block("0300+300", "03h00m00.0s 30d00'00.0\"", " 20cm    L  P P P P       9.99"))
        load_catalogue(database, "vla", path, keep_history=False)
        assert [one.name for one in listed_calibrators(database)] == ["0300+300"]
        assert database.rows("select count(*) from radio.calibrator") == [(1,)]
