"""The time line as pandas frames: what happened, what was on between which times, what was on at one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import pandas as pd

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.events.event import Kind

Topic = Literal["led", "test_pulse", "gain", "run"]

EVENT_COLUMNS = [
    "event_id",
    "at",
    "kind",
    "detector",
    "half_sector",
    "tower_id",
    "run_number",
    "value",
    "source",
    "recorded_at",
]
INTERVAL_COLUMNS = [
    "topic",
    "detector",
    "half_sector",
    "state",
    "started_at",
    "ended_at",
    "run_number",
    "value",
    "event_id",
]
STATE_COLUMNS = ["topic", "detector", "half_sector", "state", "since", "run_number", "value", "event_id"]

_EVENTS = f"""
select {", ".join(EVENT_COLUMNS)} from hcal.event
where at >= %s and at < %s and kind = any(%s) order by at, event_id
"""  # noqa: S608 - constants of this module
_INTERVALS = f"""
select {", ".join(INTERVAL_COLUMNS)} from hcal.event_interval
where topic = %s and started_at < %s and coalesce(ended_at > %s, true)
order by started_at, detector, half_sector
"""  # noqa: S608 - constants of this module
_STATE = f"""
select {", ".join(STATE_COLUMNS)} from hcal.event_state_at(%s) order by topic, detector, half_sector
"""  # noqa: S608 - constants of this module


def events(
    database: Database, start: datetime, end: datetime, kinds: Sequence[Kind] = tuple(Kind)
) -> pd.DataFrame:
    """Return the events with start <= at < end, in order of time, as `EVENT_COLUMNS`."""
    wanted = [str(kind) for kind in kinds]
    rows = database.rows(_EVENTS, (require_utc(start), require_utc(end), wanted))
    return _frame(rows, EVENT_COLUMNS)


def intervals(database: Database, topic: Topic, start: datetime, end: datetime) -> pd.DataFrame:
    """Return the intervals of a topic that overlap [start, end), as `INTERVAL_COLUMNS`.

    One row a half-sector (EMCal: the detector, without half_sector) and interval; a run concerns all.
    `state` is on or off (LED, test pulse), normal or high (gain), running (run); `ended_at` is missing
    while it lasts.
    """
    rows = database.rows(_INTERVALS, (topic, require_utc(end), require_utc(start)))
    return _frame(rows, INTERVAL_COLUMNS)


def state_at(database: Database, moment: datetime) -> pd.DataFrame:
    """Return how things stood at `moment`, as `STATE_COLUMNS`; what nobody told has no row."""
    return _frame(database.rows(_STATE, (require_utc(moment),)), STATE_COLUMNS)


def _frame(rows: list[tuple[Any, ...]], columns: list[str]) -> pd.DataFrame:
    # whole numbers that may be missing: without a type of their own they would become floats
    numbers = ("event_id", "detector", "half_sector", "tower_id", "run_number")
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({name: "Int64" for name in numbers if name in columns})
