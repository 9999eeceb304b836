"""Questions about the EMCal's state, answered from a day whose truth is known."""

from datetime import timedelta

import numpy as np
import pytest

from dsa_hcal_assets.hcal.emcal import readers
from dsa_hcal_assets.hcal.emcal.geometry import towers
from dsa_hcal_assets.hcal.readers import NoState
from dsa_hcal_assets_tests.hcal.emcal.calorimeter import DAY, START, STEP, cycle, truth_of_tower


def test_the_state_at_a_time_is_that_of_the_nearest_snapshot(emcal_day):
    frame = readers.state_at(emcal_day, cycle(2) + timedelta(minutes=14))
    assert frame.attrs["cycle"] == cycle(2).isoformat()
    assert frame["tower_id"].tolist() == towers().tower_id.tolist()
    for towerid in (0, 385, 24575):
        found = frame.iloc[towerid][["temperature_sipm", "temperature_preamp", "bias", "leakage"]]
        assert found.to_dict() == pytest.approx(truth_of_tower(towerid, cycle(2)), rel=1e-6)


def test_towers_of_a_controller_that_was_down_are_unread(emcal_day):
    frame = readers.state_at(emcal_day, cycle(0))
    assert set(frame.loc[frame["temperature_sipm"].isna(), "sector"]) == {40}


def test_an_old_state_is_refused_rather_than_passed_off(emcal_day):
    with pytest.raises(NoState, match="allow a greater age"):
        readers.state_at(emcal_day, cycle(5) + timedelta(hours=2))
    assert (
        len(readers.state_at(emcal_day, cycle(5) + timedelta(hours=2), max_age=timedelta(hours=3))) == 24576
    )


def test_a_towers_series_has_a_row_a_snapshot_and_gaps_stay_gaps(emcal_day):
    towerid = int(np.flatnonzero(towers().sector == 40)[0])
    series = readers.tower_series(emcal_day, 3072 + towerid, START, START + 6 * STEP)
    assert [moment.to_pydatetime() for moment in series.index] == [cycle(n) for n in (0, 1, 2, 5)]
    assert np.isnan(series["bias"].iloc[0])
    assert series["leakage"].iloc[1:].tolist() == pytest.approx(
        [truth_of_tower(towerid, cycle(n))["leakage"] for n in (1, 2, 5)], rel=1e-6
    )


def test_a_day_sums_up_every_tower(emcal_day):
    frame = readers.towers_of_day(emcal_day, DAY)
    assert frame["n"].value_counts().to_dict() == {4: 24192, 3: 384}
    truths = [truth_of_tower(1000, cycle(n))["temperature_sipm"] for n in (0, 1, 2, 5)]
    row = frame.iloc[1000]
    assert (row["temperature_sipm"], row["temperature_sipm_max"]) == pytest.approx(
        (np.mean(truths), max(truths)), rel=1e-6
    )


def test_boards_and_snapshots_of_a_day(emcal_day):
    boards = readers.boards_of_day(emcal_day, DAY)
    assert len(boards) == 4 * 384
    down = boards[boards["status"] == "down"]
    assert (down["sector"].unique().tolist(), len(down)) == ([40], 6)
    assert set(down["error"]) == {"board did not answer"}
    counts = readers.snapshots(emcal_day, DAY)[["boards_ok", "boards_down", "rows"]]
    assert counts.iloc[0].tolist() == [378, 6, 24192]
    assert readers.snapshots(emcal_day, "2025-06-06").empty
