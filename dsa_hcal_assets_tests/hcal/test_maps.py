"""Pictures of the detector: right place, right colour, nothing missing goes unmarked."""

import numpy as np
import pandas as pd
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal import maps, readers
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.geometry import Detector
from dsa_hcal_assets.hcal.report import strips
from dsa_hcal_assets.quality import figures
from dsa_hcal_assets_tests.hcal.detector import DAY


def test_a_tower_is_drawn_at_its_eta_and_phi(day: Database) -> None:
    towers = readers.towers_of_day(day, DAY)
    grid = maps.tower_grid(towers, Detector.INNER, "temperature")
    assert grid.shape == (24, 64)
    one = towers.query("detector == 1 and ieta == 5 and iphi == 40").iloc[0]
    assert grid[5, 40] == one["temperature"]


def texts(figure: object) -> str:
    return " ".join(text.get_text() for axes in figure.axes for text in axes.texts)  # type: ignore[attr-defined]


def test_missing_towers_are_said_and_hot_ones_framed(day: Database) -> None:
    towers = readers.towers_of_day(day, DAY)
    towers.loc[:23, "temperature"] = np.nan
    towers.loc[100, "temperature"] = 33.5
    figure = maps.eta_phi_map(towers, Detector.OUTER, maps.TEMPERATURE, (15, 30))
    assert "24 of 1536 not read" in texts(figure)
    assert "1 outside 15–30 °C" in texts(figure)
    [frame] = figure.axes[0].patches
    assert frame.get_xy() == (towers["iphi"][100] - 0.5, towers["ieta"][100] - 0.5)  # type: ignore[attr-defined]
    assert figures.png(figure).startswith(b"\x89PNG")


def test_a_map_of_nothing_is_still_a_map() -> None:
    towers = geometry.towers()
    nothing = pd.DataFrame(
        {"detector": towers.detector, "ieta": towers.ieta, "iphi": towers.iphi, "leakage": np.nan}
    )
    assert "1536 of 1536 not read" in texts(maps.eta_phi_map(nothing, Detector.OUTER, maps.LEAKAGE))


def test_equal_data_give_equal_pictures(day: Database) -> None:
    towers = readers.towers_of_day(day, DAY)
    one, two = (figures.png(maps.eta_phi_map(towers, Detector.OUTER, maps.LEAKAGE)) for _ in range(2))
    assert one == two


@pytest.mark.parametrize("detector", Detector)
def test_strips_and_profiles_are_drawn_also_without_data(day: Database, detector: Detector) -> None:
    hours = readers.rollup_of_day(day, "half_sector_hour", DAY)
    for frame in (hours, hours.iloc[:0]):
        assert figures.png(strips.half_sector_strip(frame, detector, maps.TEMPERATURE))
        assert figures.png(strips.sector_profile(frame, detector, maps.TEMPERATURE))


def test_towers_with_anomalies_are_framed_each_in_its_own_detector(day: Database) -> None:
    towers = readers.towers_of_day(day, DAY)
    framed = np.isin(np.arange(3072), [7, 1600, 1601])
    figure = maps.eta_phi_map(towers, Detector.INNER, maps.LEAKAGE, framed=framed)
    assert "2 with anomalies (red)" in texts(figure)
    places = sorted(frame.get_xy() for frame in figure.axes[0].patches)  # type: ignore[attr-defined]
    assert places == sorted(
        (towers["iphi"][tower] - 0.5, towers["ieta"][tower] - 0.5) for tower in (1600, 1601)
    )
