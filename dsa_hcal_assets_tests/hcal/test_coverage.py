"""The gap list equals the truth: every missing cycle and every missing board, and nothing else."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.coverage import gaps, gaps_of_day
from dsa_hcal_assets.hcal.mapping.channel_map import BOARDS, ChannelMap
from dsa_hcal_assets_tests.hcal.anomalies.scene import DAY, START, STEP, Scene, quiet

CYCLES = 36
END = START + CYCLES * STEP


@pytest.fixture
def stored(database: Database, channel_map: ChannelMap) -> object:
    def store(scene: Scene) -> Database:
        scene.store(database, channel_map, towers=False)
        return database

    return store


def listed(found: pd.DataFrame) -> list[tuple[int, int, str | None, str, int]]:
    """Gaps as cycle numbers: first missing, first present again."""
    return [
        (cycle(row.start), cycle(row.end), row.board, str(row.reason), row.cycles)
        for row in found.itertuples()
    ]


def cycle(moment: datetime) -> int:
    return round((moment - START) / STEP)


def test_a_complete_record_has_no_gaps(stored) -> None:
    found = gaps(stored(quiet(CYCLES)), START, END)
    assert found.empty
    assert list(found.columns) == ["start", "end", "board", "reason", "cycles"]
    assert str(found["start"].dtype) == "datetime64[us, UTC]"


def test_cycles_that_the_count_leaves_out_are_lost(stored) -> None:
    scene = quiet(CYCLES)
    scene.lost = {4, 5, 20}
    assert listed(gaps(stored(scene), START, END)) == [
        (4, 6, None, "snapshot lost", 2),
        (20, 21, None, "snapshot lost", 1),
    ]


def test_between_two_acquisitions_nobody_looked(stored) -> None:
    scene = quiet(CYCLES)
    scene.lost, scene.acquisitions = set(range(10, 16)), (0, 16)
    assert listed(gaps(stored(scene), START, END)) == [(10, 16, None, "acquisition down", 6)]


def test_what_a_new_acquisition_took_and_nobody_has_is_told_from_the_time_it_was_down(stored) -> None:
    scene = quiet(CYCLES)
    scene.lost, scene.acquisitions = set(range(10, 18)), (0, 15)
    assert listed(gaps(stored(scene), START, END)) == [
        (10, 15, None, "acquisition down", 5),
        (15, 18, None, "snapshot lost", 3),
    ]


def test_a_restart_between_two_cycles_is_no_gap(stored) -> None:
    scene = quiet(CYCLES)
    scene.acquisitions = (0, 12, 13)
    assert gaps(stored(scene), START, END).empty


def test_a_cycle_that_was_skipped_because_the_one_before_took_long_is_missing(stored) -> None:
    scene = quiet(CYCLES)
    scene.times[20:] = [time + STEP for time in scene.times[20:]]
    assert listed(gaps(stored(scene), START, END)) == [(20, 21, None, "cycle skipped", 1)]


def test_cycles_a_little_late_are_not_missing(stored) -> None:
    scene = quiet(CYCLES)
    jitter = np.random.default_rng(3).uniform(0, 60, CYCLES)
    scene.times = [time + timedelta(seconds=late) for time, late in zip(scene.times, jitter, strict=True)]
    assert gaps(stored(scene), START, END).empty


def test_boards_are_missing_from_the_cycles_in_which_nothing_of_them_was_read(stored) -> None:
    scene = quiet(CYCLES)
    scene.down = {(3, "82"), (8, "83"), (9, "83"), (11, "83"), (35, "90")}
    scene.lost = {10}
    assert listed(gaps(stored(scene), START, END)) == [
        (3, 4, "82", "board down", 1),
        # the lost cycle in the middle is not in its count, but its time is
        (8, 12, "83", "board down", 3),
        (10, 11, None, "snapshot lost", 1),
        (35, 36, "90", "board down", 1),
    ]


def test_gaps_are_cut_to_the_interval(stored) -> None:
    scene = quiet(CYCLES)
    scene.lost, scene.down = set(range(10, 20)), {(number, "80") for number in range(24, 34)}
    database = stored(scene)
    window = START + 15 * STEP, START + 30 * STEP
    assert listed(gaps(database, *window)) == [
        (15, 20, None, "snapshot lost", 5),
        (24, 30, "80", "board down", 6),
    ]
    inside_the_gap = START + 12 * STEP, START + 14 * STEP
    assert listed(gaps(database, *inside_the_gap)) == [(12, 14, None, "snapshot lost", 2)]


def test_before_and_after_all_acquisitions_there_is_nothing(stored) -> None:
    database = stored(quiet(CYCLES))
    around = gaps(database, START - 3 * STEP, END + 6 * STEP)
    assert listed(around) == [
        (-3, 0, None, "acquisition down", 3),
        (36, 42, None, "acquisition down", 6),
    ]
    year = timedelta(days=365)
    assert listed(gaps(database, START - year, START - year + STEP)) == [
        (-52560, -52559, None, "acquisition down", 1)
    ]


def test_a_day_in_progress_lacks_nothing_after_now(stored) -> None:
    database = stored(quiet(CYCLES))
    assert gaps_of_day(database, DAY, now=END).empty
    assert listed(gaps_of_day(database, DAY)) == [(36, 144, None, "acquisition down", 108)]


def test_the_ledger_knows_why_a_snapshot_is_not_there(stored) -> None:
    scene = quiet(CYCLES)
    scene.lost = {4, 5, 20}
    database = stored(scene)
    for number, state in ((4, "quarantined"), (5, "quarantined"), (20, "pending")):
        moment = START + number * STEP
        name = f"waiting-{number}"
        refused = ("{}", moment, f"/quarantine/{name}") if state == "quarantined" else (None, None, None)
        database.rows(
            """
            insert into platform.arrival (source, name, subject, partition, digest, bytes, state, sample_time,
                                          incoming_path, reason, quarantined_at, quarantine_path)
            values ('hcal', %s, %s, %s, %s, 1, %s, %s, %s, %s, %s, %s) returning 1
            """,
            (name, name, DAY, name, state, moment, f"/incoming/{name}", *refused),
        )
    assert [row[3] for row in listed(gaps(database, START, END))] == [
        "snapshot quarantined",
        "snapshot not loaded",
    ]


@pytest.mark.parametrize("seed", range(5))
def test_days_of_outages_give_exactly_their_gaps(stored, seed: int) -> None:
    random = np.random.default_rng(seed)
    cycles = 200
    scene = quiet(cycles)
    restarts = sorted(random.choice(np.arange(2, cycles), 20, replace=False).tolist())
    scene.acquisitions = (0, *restarts)
    scene.lost = {int(one) for one in random.choice(np.arange(1, cycles - 1), 40, replace=False)}
    scene.lost |= set(range(100, 136))  # six hours without database and files
    scene.down = {
        (int(one), str(board)) for one in random.choice(cycles, 30, replace=False) for board in BOARDS[:3]
    }
    found = gaps(stored(scene), START, START + cycles * STEP)

    of_all = found[found["board"].isna()]
    assert {
        one for row in of_all.itertuples() for one in range(cycle(row.start), cycle(row.end))
    } == scene.lost
    assert of_all["cycles"].sum() == len(scene.lost)
    for board in BOARDS:
        of_board = found[found["board"] == board]
        missing = {one for row in of_board.itertuples() for one in range(cycle(row.start), cycle(row.end))}
        truth = {number for number, name in scene.down if name == board}
        assert missing - scene.lost == truth - scene.lost
