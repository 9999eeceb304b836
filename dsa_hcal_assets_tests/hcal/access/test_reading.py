"""Histories from the database, held against the snapshots they came from."""

from datetime import timedelta

import numpy as np
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal import access, readers
from dsa_hcal_assets.hcal.access import reading
from dsa_hcal_assets.hcal.access.reading import TooMuch
from dsa_hcal_assets.hcal.access.selection import NoTowers
from dsa_hcal_assets.hcal.access.telemetry import NoQuantity
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets.hcal.towers.history import keep
from dsa_hcal_assets_tests.hcal.detector import DAY, cycle, truth

NUMBERS = (0, 1, 2, 3, 4, 6, 7)
WHOLE = (cycle(0), cycle(8))


def test_a_history_is_what_the_boards_said(day: Database, channel_map: ChannelMap) -> None:
    served = channel_map.at(cycle(0)).towers_of("80")
    assert served is not None
    history = access.read(day, "leakage", served[2], *WHOLE)
    assert history.times.astype(object).tolist() == [cycle(number).replace(tzinfo=None) for number in NUMBERS]
    expected = np.array([truth("80", 2, cycle(number)).leakage for number in NUMBERS], dtype=np.float32)
    np.testing.assert_array_equal(history.values, expected[:, np.argsort(served[2])])
    assert history.units.tolist() == sorted(served[2].tolist())


def test_what_was_not_read_is_a_gap(day: Database, channel_map: ChannelMap) -> None:
    down, partial = (channel_map.at(cycle(0)).towers_of(board) for board in ("91", "82"))
    assert down is not None
    assert partial is not None
    history = access.read(day, "temperature", [down[0, 0], partial[3, 0]], *WHOLE)
    gaps = np.isnan(history.to_pandas())
    assert gaps[int(down[0, 0])].tolist() == [True] + [False] * 6
    assert gaps[int(partial[3, 0])].tolist() == [False] * 6 + [True]


def test_all_towers_are_those_of_the_state_at_each_time(day: Database) -> None:
    history = access.read(day, "temperature", range(3072), cycle(4), cycle(7))
    for row, number in enumerate((4, 6)):
        state = readers.state_at(day, cycle(number))
        np.testing.assert_array_equal(history.values[row], state["temperature"].astype("float32"))


def test_a_few_towers_and_many_are_read_alike(day: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = access.towers("IHCal", sector=3)
    keep(day, DAY)
    assert day.rows("select day::text from hcal.tower_history_day") == [(DAY,)]
    histories = []
    for few in (0, 48):
        monkeypatch.setattr(reading, "FEW_TOWERS", few)
        histories.append(access.read(day, "bias_offset", chosen, cycle(1), cycle(7)))
    assert histories[0].times.tolist() == histories[1].times.tolist()
    np.testing.assert_array_equal(histories[0].values, histories[1].values)


def test_on_a_grid_the_cycle_that_is_missing_is_the_one_before(day: Database) -> None:
    history = access.read(day, "temperature", [0], *WHOLE)
    grid = history.on_grid(timedelta(minutes=10), start=cycle(0), end=cycle(8))
    assert grid.values[5] == grid.values[4] == history.values[4]
    strict = history.on_grid(
        timedelta(minutes=10), start=cycle(0), end=cycle(8), max_age=timedelta(minutes=9)
    )
    assert np.isnan(strict.values[5])


def test_means_of_the_server_are_those_of_the_readings(day: Database) -> None:
    chosen, step = access.towers("OHCal", sector=8, half="N"), timedelta(minutes=30)
    means = access.read_means(day, "temperature", chosen, *WHOLE, step)
    frame = access.read(day, "temperature", chosen, *WHOLE).to_pandas().astype("float64")
    expected = frame.resample(step).mean().astype("float32")
    np.testing.assert_allclose(means.to_pandas(), expected, rtol=1e-6)
    assert means.to_pandas().index.equals(expected.index)


def test_steps_without_any_reading_are_there_and_empty(day: Database) -> None:
    means = access.read_means(day, "bias", [0], cycle(6), cycle(12), timedelta(minutes=20))
    assert np.isnan(means.values[:, 0]).tolist() == [False, True, True]


def test_rollups_answer_for_half_sectors(day: Database) -> None:
    hours = access.read_rollup(day, "half_sector_hour", "temperature", [16, 17], *WHOLE)
    assert hours.values.shape == (2, 2)
    assert hours.to_pandas().columns.name == "half_sector"
    own = access.read(day, "temperature", access.towers("OHCal", sector=8, half="N"), *WHOLE)
    in_first_hour = own.values[own.times < hours.times[1]]
    assert hours.values[0, 0] == pytest.approx(np.nanmean(in_first_hour), rel=1e-6)


def test_a_time_without_data_is_an_empty_history(day: Database) -> None:
    late = cycle(0) + timedelta(days=400)
    history = access.read(day, "temperature", [0, 1], late, late + timedelta(days=1))
    assert history.values.shape == (0, 2)
    assert access.read_rollup(day, "sector_day", "bias", [0], late, late).values.shape == (0, 1)


@pytest.mark.parametrize("chosen", [[], [0, 3072], [27648], [-1]])
def test_towers_of_two_kinds_of_boards_are_not_one_history(day: Database, chosen: list[int]) -> None:
    with pytest.raises(NoTowers, match="no towers of one kind"):
        access.read(day, "bias", chosen, *WHOLE)


def test_a_quantity_that_towers_lack_is_named_with_those_they_have(day: Database) -> None:
    with pytest.raises(NoQuantity, match=r"no 'temperature_sipm'.*temperature, leakage"):
        access.read(day, "temperature_sipm", [0], *WHOLE)


def test_what_would_not_fit_is_refused_before_it_is_read(
    day: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_VALUES", 20)
    with pytest.raises(TooMuch, match="21 values are too many"):
        access.read(day, "temperature", [0, 1, 2], *WHOLE)
