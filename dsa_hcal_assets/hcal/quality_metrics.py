"""Numbers that say whether a day of detector state can be trusted, for the gates to judge.

Belongs here: measuring, on what is in the database. Not here: limits (quality/thresholds.toml,
stages `snapshot`, `hcal_snapshots`, `tower_state`, `board_state`; rollups: rollup_metrics.py).
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import numpy as np

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.hcal.mapping.geometry import HCAL_TOWERS, sector_label, tower_name
from dsa_hcal_assets.hcal.readers import state_at
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.quality.expectations import Expectation, check_frame
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.quality.verdicts import Metric

PATIENCE = timedelta(minutes=5)  # a snapshot accepted this long ago should have been loaded
SILENT_CYCLES = 3  # down in more than two cycles running is silent
READINGS_PER_BOARD = 40  # five readings of eight channels
_NAMED = 8  # at most so many names in one detail

# The newest snapshot as `readers.state_at` returns it.
TOWER_SUITE: tuple[Expectation, ...] = (
    Expectation("expect_column_values_to_be_unique", "tower_id"),
    Expectation("expect_column_values_to_be_between", "temperature", {"min_value": 10, "max_value": 35}),
    Expectation("expect_column_values_to_be_between", "bias_offset", {"min_value": -2000, "max_value": 1270}),
    Expectation("expect_column_values_to_be_between", "bias", {"min_value": 60, "max_value": 72}),
    Expectation("expect_column_values_to_be_in_set", "gain", {"value_set": ["normal", "high"]}),
)

# The day bounds are repeated on the readings, so that only their month's partition is planned.
_PER_SNAPSHOT = """
select s.cycle, count(r.temperature), min(r.temperature), max(r.temperature),
       s.boards_partial, s.boards_down + s.boards_absent, s.boards_unmapped, s.sequence, s.acquisition_id
from hcal.snapshot s
left join hcal.tower_reading r on r.ts = s.cycle and r.ts >= %(start)s and r.ts < %(end)s
where s.cycle >= %(start)s and s.cycle < %(end)s
group by s.cycle order by s.cycle
"""
_PER_TOWER = """
select tower_id, count(temperature), min(temperature), max(temperature), min(bias_offset), max(bias_offset),
       max(leakage)
from hcal.tower_reading where ts >= %(start)s and ts < %(end)s group by tower_id
"""
_DUPLICATES = """
select count(*) from (
    select 1 from hcal.tower_reading where ts >= %(start)s and ts < %(end)s
    group by ts, tower_id having count(*) > 1
) d
"""
_GAIN_MISMATCHES = """
select distinct t.sector_id
from hcal.tower_reading r join hcal.tower t using (tower_id)
where r.ts >= %(start)s and r.ts < %(end)s
group by r.ts, t.sector_id having count(distinct r.gain) > 1 order by 1
"""
_UNBIASED = """
select distinct t.half_sector_label
from hcal.tower_reading r join hcal.tower t using (tower_id)
where r.ts >= %(start)s and r.ts < %(end)s and abs(r.bias) < %(volts)s order by 1
"""
_BOARDS = """
select ts, board, status, failed_readings from hcal.board_reading
where ts >= %(start)s and ts < %(end)s order by ts, board
"""
UNBIASED_VOLTS = 30.0  # far below breakdown: leakage and gain mean nothing


def snapshot_metrics(database: Database, day: str) -> dict[datetime, list[Metric]]:
    """Return, for each snapshot of a UTC day, the metrics of stage `snapshot`."""
    metrics = {}
    for cycle, read, low, high, partial, unread, unmapped, *_ in database.rows(_PER_SNAPSHOT, _window(day)):
        metrics[cycle] = [
            Metric("coverage", read / HCAL_TOWERS, f"{read} of {HCAL_TOWERS} towers"),
            Metric("boards_unread", unread),
            Metric("boards_partial", partial),
            Metric("boards_unmapped", unmapped),
            Metric("temperature_lowest", _number(low)),
            Metric("temperature_highest", _number(high)),
        ]
    return metrics


def tower_metrics(database: Database, day: str, allowed: tuple[float, float]) -> list[Metric]:
    """Return the metrics of stage `tower_state`: the day's tables, and the newest snapshot by value.

    Parameters
    ----------
    allowed
        Temperatures (deg C) a tower may have without being named; see `temperature_range`.
    """
    window = _window(day)
    per_snapshot = database.rows(_PER_SNAPSHOT, window)
    return [
        Metric("snapshots", len(per_snapshot)),
        Metric("duplicate_keys", database.rows(_DUPLICATES, window)[0][0]),
        *_coverage([(row[0], row[1]) for row in per_snapshot]),
        *gap_metrics([(row[0], row[7], row[8]) for row in per_snapshot]),
        *_extremes(database.rows(_PER_TOWER, window), allowed),
        named(
            "gain_mismatches", (sector_label(number) for (number,) in database.rows(_GAIN_MISMATCHES, window))
        ),
        named(
            "half_sectors_unbiased",
            (label for (label,) in database.rows(_UNBIASED, window | {"volts": UNBIASED_VOLTS})),
        ),
        *(check_frame(state_at(database, per_snapshot[-1][0]), TOWER_SUITE) if per_snapshot else ()),
    ]


def arrival_metrics(
    ledger: Ledger, day: str, now: datetime | None = None, source: str = CONTROLLERS.name
) -> list[Metric]:
    """Return what the ledger says of a day of a source of snapshots.

    Snapshots go on arriving while others are loaded: one counts as pending only after `PATIENCE`.
    """
    overdue = (now or utc_now()) - PATIENCE
    refused = [
        arrival.name
        for arrival in ledger.quarantined()
        if arrival.source == source and arrival.partition == day
    ]
    pending = ledger.pending(source, day)
    return [
        Metric("accepted", len(ledger.of_partition(source, day))),
        named("pending", [one.name for one in pending if one.received_at < overdue]),
        named("quarantined", refused),
    ]


def board_metrics(database: Database, day: str) -> list[Metric]:
    """Return the metrics of stage `board_state` of a UTC day: names are those of the boards."""
    rows = database.rows(_BOARDS, _window(day))
    if not rows:
        return []
    cycles = sorted({row[0] for row in rows})
    unread = {
        cycle: {board for ts, board, status, _ in rows if ts == cycle and status in ("down", "absent")}
        for cycle in cycles[-SILENT_CYCLES:]
    }
    silent = set.intersection(*unread.values()) if len(unread) == SILENT_CYCLES else set()
    mapped = [row for row in rows if row[2] != "unmapped"]
    asked = [row for row in mapped if row[2] in ("ok", "partial")]
    partial = [board for ts, board, status, _ in rows if ts == cycles[-1] and status == "partial"]
    failed = sum(row[3] for row in asked)
    return [
        Metric("readings_ok", sum(row[2] == "ok" for row in mapped) / len(mapped) if mapped else math.nan),
        named("boards_unread", unread[cycles[-1]]),
        named("boards_partial", partial),
        named("boards_silent", silent),
        named("boards_unmapped", {row[1] for row in rows if row[2] == "unmapped"}),
        Metric(
            "failed_readings",
            failed / (READINGS_PER_BOARD * len(asked)) if asked else math.nan,
            f"{failed} readings of boards that answered",
        ),
    ]


def temperature_range(thresholds: Thresholds) -> tuple[float, float]:
    """Return the temperatures (deg C) outside which towers are named: the warning limits."""
    limits = {threshold.metric: threshold.limits for threshold in thresholds.of_stage("tower_state")}
    low, high = limits["temperature_lowest"].warn_below, limits["temperature_highest"].warn_above
    return -math.inf if low is None else low, math.inf if high is None else high


def _coverage(read: Sequence[tuple[datetime, int]]) -> list[Metric]:
    if not read:
        return [Metric("coverage", math.nan), Metric("lowest_coverage", math.nan)]
    cycle, lowest = min(read, key=lambda row: row[1])
    return [
        Metric("coverage", float(np.mean([towers for _, towers in read])) / HCAL_TOWERS),
        Metric("lowest_coverage", lowest / HCAL_TOWERS, f"{lowest} towers at {cycle:%H:%M:%S}"),
    ]


def gap_metrics(rows: Sequence[tuple[datetime, int, str]]) -> list[Metric]:
    """Longest step between snapshots in median steps, and snapshots lost by their own count."""
    steps = np.diff([cycle.timestamp() for cycle, _, _ in rows])
    largest, detail = 1.0, "fewer than three snapshots"
    if len(steps) > 1:
        widest = int(np.argmax(steps))
        largest = float(steps[widest] / np.median(steps))
        detail = f"{steps[widest]:.0f} s from {rows[widest][0]:%H:%M:%S}"
    lost = 0
    for process in {process for _, _, process in rows}:
        numbers = sorted(number for _, number, one in rows if one == process)
        lost += numbers[-1] - numbers[0] + 1 - len(numbers)
    return [Metric("largest_gap", largest, detail), Metric("sequence_gaps", lost)]


def _extremes(rows: Sequence[tuple[float, ...]], allowed: tuple[float, float]) -> list[Metric]:
    table = np.full((HCAL_TOWERS, 6), np.nan)
    for tower, *values in rows:
        table[int(tower)] = [math.nan if value is None else value for value in values]
    read, low, high, offset_low, offset_high, leakage = table.T
    outside = np.flatnonzero((low < allowed[0]) | (high > allowed[1]))
    silent = np.flatnonzero(~(read > 0))
    return [
        named("towers_silent", [tower_name(tower) for tower in silent]),
        _extreme("temperature_lowest", low, np.nanargmin),
        _extreme("temperature_highest", high, np.nanargmax),
        named("towers_outside", [tower_name(tower) for tower in outside]),
        _extreme("offset_lowest", offset_low, np.nanargmin),
        _extreme("offset_highest", offset_high, np.nanargmax),
        _extreme("leakage_highest", leakage, np.nanargmax),
    ]


def _extreme(name: str, values: np.ndarray, place: object) -> Metric:
    if np.isnan(values).all():
        return Metric(name, math.nan)
    tower = int(place(values))  # type: ignore[operator]
    return Metric(name, float(values[tower]), tower_name(tower))


def named(name: str, names: Iterable[str]) -> Metric:
    """Return the number of `names` as a metric that lists the first of them."""
    found = sorted(names)
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return Metric(name, len(found), ", ".join(found[:_NAMED]) + more)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _window(day: str) -> dict[str, object]:
    start, end = bounds(day)
    return {"start": start, "end": end}
