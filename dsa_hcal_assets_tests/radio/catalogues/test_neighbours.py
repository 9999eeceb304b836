"""Sources around a calibrator: which survey, which sources, in which order."""

import numpy as np
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.radio.calibration.standards import load_standards
from dsa_hcal_assets.radio.catalogues.neighbours import MOST, neighbours, survey_near
from dsa_hcal_assets.radio.catalogues.store import store_catalogue
from dsa_hcal_assets_tests.radio.catalogues.skies import table_of

C147 = next(one for one in load_standards() if one.name == "3C147")
BAND_HZ, DISH_M = 1.4e9, 4.65


def store(database: Database, north_deg: list[float], flux_jy: list[float], name: str = "survey") -> None:
    declinations = C147.dec_deg + np.array(north_deg)
    table = table_of(np.full(len(north_deg), C147.ra_deg), declinations, flux_jy)
    store_catalogue(database, name, table, origin="x", checksum=name)


def test_the_brightest_behind_the_beam_come_first_and_the_calibrator_itself_not_at_all(
    database: Database,
) -> None:
    # S1 is the calibrator as the survey sees it; the beam is at a half at 1.36 deg
    store(database, [0.004, 0.1, 1.36, 0.5], [22.0, 0.3, 0.5, 0.1])
    found = neighbours(database, "survey", C147, DISH_M, BAND_HZ)
    assert [one.name for one in found] == ["S2", "S3", "S4"]
    assert found[0].flux_jy(1.4e9) == pytest.approx(0.3)


def test_what_the_beam_leaves_nothing_of_is_left_out(database: Database) -> None:
    store(database, [1.36, 1.36, 2.3], [0.019, 0.021, 5.0])
    assert [one.name for one in neighbours(database, "survey", C147, DISH_M, BAND_HZ)] == ["S2"]


def test_there_are_never_more_than_a_solve_can_take(database: Database) -> None:
    store(database, list(np.linspace(0.1, 1.0, 2 * MOST)), [1.0] * 2 * MOST)
    assert len(neighbours(database, "survey", C147, DISH_M, BAND_HZ)) == MOST


def test_the_survey_taken_is_the_loaded_one_near_the_band(database: Database) -> None:
    assert survey_near(database, BAND_HZ) is None
    store(database, [1.0], [1.0], name="nvss")
    assert survey_near(database, BAND_HZ) == "nvss"
    assert survey_near(database, 3.0e9) is None
