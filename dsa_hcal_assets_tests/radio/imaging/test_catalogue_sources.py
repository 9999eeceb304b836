"""Which loaded catalogue an image is compared with, and which of its sources."""

from pathlib import Path

import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.radio.catalogues.loading import load_catalogue
from dsa_hcal_assets.radio.catalogues.store import UnknownCatalogue
from dsa_hcal_assets.radio.imaging.catalogue_sources import known_sources

FIELD = [(10.0, 20.0)]


@pytest.fixture
def surveys(database: Database, tmp_path: Path) -> Database:
    """Sources at 10 deg in one survey at 1.4 GHz, at 10 and 50 deg in one at 3 GHz."""
    for name, survey_hz, rows in [
        ("north", 1.4e9, ("A,10,20,500", "B,10.2,20,700", "C,10.1,20,1")),
        ("deep", 3.0e9, ("D,10,20,9", "E,50,20,90")),
    ]:
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join(("name,ra_deg,dec_deg,flux_mjy", *rows, "")))
        load_catalogue(database, name, path, frequency_hz=survey_hz)
    return database


def test_nothing_loaded_is_no_comparison(database: Database) -> None:
    assert known_sources(database, FIELD, 1.0) == ("", [])


def test_the_survey_nearest_in_frequency_gives_its_bright_sources(surveys: Database) -> None:
    name, found = known_sources(surveys, FIELD, 1.0)
    assert (name, [one.name for one in found]) == ("north", ["B", "A"])
    # its spectral index is not known: -0.7, carried from the catalogue's frequency
    assert found[0].spectrum(9e9).flux_jy(2.8e9) == pytest.approx(0.7 * 2**-0.7)


def test_where_it_has_nothing_the_next_one_is_taken(surveys: Database) -> None:
    name, found = known_sources(surveys, [(50.0, 20.0)], 1.0)
    assert (name, [one.name for one in found]) == ("deep", ["E"])
    assert known_sources(surveys, [(90.0, 20.0)], 1.0) == ("", [])


def test_a_source_of_two_overlapping_fields_counts_once(surveys: Database) -> None:
    _, found = known_sources(surveys, [(10.0, 20.0), (10.1, 20.0)], 1.0)
    assert len(found) == 2


def test_an_operator_may_name_the_catalogue(surveys: Database) -> None:
    assert known_sources(surveys, FIELD, 1.0, "deep")[1][0].name == "D"
    with pytest.raises(UnknownCatalogue, match="no catalogue first is loaded"):
        known_sources(surveys, FIELD, 1.0, "first")
