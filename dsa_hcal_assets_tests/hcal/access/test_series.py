"""Series for displays, held against the complete histories they are made from."""

from datetime import timedelta

import numpy as np
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal import access, readers
from dsa_hcal_assets.hcal.access import series
from dsa_hcal_assets.hcal.access.selection import NoTowers
from dsa_hcal_assets.hcal.access.telemetry import NoQuantity
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets.hcal.mapping.geometry import NoSuchTower
from dsa_hcal_assets.hcal.towers.history import forget
from dsa_hcal_assets_tests.hcal.detector import START, cycle

WHOLE = (cycle(0), cycle(8))
YEAR = (START - timedelta(days=300), START + timedelta(days=65))


def hot_tower(channel_map: ChannelMap) -> int:
    """The tower that read 33.5 deg C in one cycle; see `loaded_day.load_hcal`."""
    served = channel_map.at(cycle(0)).towers_of("80")
    assert served is not None
    return int(served[0, 5])


def test_with_room_for_all_each_cycle_is_a_point(day: Database, channel_map: ChannelMap) -> None:
    tower = hot_tower(channel_map)
    found = series.tower_series(day, tower, "temperature", *WHOLE, 1000)
    history = access.read(day, "temperature", [tower], *WHOLE)
    np.testing.assert_array_equal(found.times, history.times)
    np.testing.assert_array_equal(found.points["mean"], history.values[:, 0])
    assert (found.points["n"] == 1).all()


@pytest.mark.parametrize("kept", [False, True])
def test_fewer_points_keep_the_extremes(loaded: Database, channel_map: ChannelMap, kept: bool) -> None:
    if not kept:
        with loaded.transaction() as cursor:
            forget(cursor, {START.date()})
    tower = hot_tower(channel_map)
    found = series.tower_series(loaded, tower, "temperature", *WHOLE, 2)
    values = access.read(loaded, "temperature", [tower], *WHOLE).values[:, 0].astype("float64")
    halves = values[:4], values[4:]
    assert found.points["n"].tolist() == [4, 3]
    np.testing.assert_allclose(found.points["mean"], [half.mean() for half in halves])
    assert found.points["max"].tolist() == [33.5, halves[1].max()]
    assert found.points["min"].tolist() == [half.min() for half in halves]


def test_a_tower_that_was_not_read_has_no_point(day: Database, channel_map: ChannelMap) -> None:
    down = channel_map.at(cycle(0)).towers_of("91")
    assert down is not None
    found = series.tower_series(day, int(down[0, 0]), "leakage", *WHOLE, 1000)
    assert len(found.points) == 6


def test_a_short_span_of_a_half_sector_is_all_of_its_towers(day: Database, channel_map: ChannelMap) -> None:
    tower = hot_tower(channel_map)
    state = readers.state_at(day, cycle(3))
    number = int(state.set_index("tower_id").loc[tower, "half_sector"])
    found = series.unit_series(day, "half_sector", number, "temperature", *WHOLE, 1000)
    assert found.resolution == "cycle"
    towers = state.loc[state["half_sector"] == number, "temperature"]
    third = found.points[3]
    assert (third["n"], third["max"]) == (24, 33.5)
    assert third["mean"] == pytest.approx(towers.mean(), rel=1e-6)


@pytest.mark.parametrize(("points", "resolution"), [(9000, "hour"), (100, "day")])
@pytest.mark.parametrize("unit", ["half_sector", "sector"])
def test_a_year_comes_from_the_rollups_and_says_the_same(
    day: Database, unit: series.Unit, points: int, resolution: str
) -> None:
    year = series.unit_series(day, unit, 3, "bias_offset", *YEAR, points)
    hours = series.unit_series(day, unit, 3, "bias_offset", *WHOLE, 2)  # of an hour and more each
    assert year.resolution == resolution
    assert year.points["n"].sum() == hours.points["n"].sum() > 0
    assert year.points["max"].max() == hours.points["max"].max()
    mean = np.average(year.points["mean"], weights=year.points["n"])
    assert mean == pytest.approx(np.average(hours.points["mean"], weights=hours.points["n"]))


def test_a_tower_of_the_emcal_is_read_from_its_own_table(emcal_day: Database) -> None:
    tower = 3072 + 300
    found = series.tower_series(emcal_day, tower, "temperature_sipm", *YEAR, 1_000_000)
    history = access.read(emcal_day, "temperature_sipm", [tower], *YEAR)
    read = ~np.isnan(history.values[:, 0])
    np.testing.assert_array_equal(found.times, history.times[read])
    np.testing.assert_array_equal(found.points["mean"], history.values[read, 0])


def test_what_is_not_there_is_refused(day: Database) -> None:
    with pytest.raises(NoQuantity):
        series.tower_series(day, 1, "temperature_sipm", *WHOLE, 10)
    with pytest.raises(NoQuantity):
        series.unit_series(day, "sector", 1, "humidity", *WHOLE, 10)
    with pytest.raises(NoTowers):
        series.tower_series(day, 27648, "bias", *WHOLE, 10)
    with pytest.raises(NoSuchTower):
        series.unit_series(day, "half_sector", 128, "bias", *WHOLE, 10)
    with pytest.raises(ValueError, match="after its start"):
        series.unit_series(day, "sector", 1, "bias", cycle(1), cycle(1), 10)
