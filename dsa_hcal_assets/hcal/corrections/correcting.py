"""Make the corrections of a UTC day: one set, an interval of validity after the other.

Belongs here: intervals, the set and its rows. Not here: what a correction is (combining.py).
"""

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd
from psycopg2.extras import Json

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.frame_copy import copy_frame
from dsa_hcal_assets.hcal.corrections.combining import Corrections, combine
from dsa_hcal_assets.hcal.corrections.led_runs import LedRuns
from dsa_hcal_assets.hcal.corrections.response import response_of
from dsa_hcal_assets.hcal.corrections.tower_means import tower_means
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.hcal.mapping.geometry import towers
from dsa_hcal_assets.quality.verdicts import Level
from dsa_hcal_assets.settings.corrections import CorrectionSettings

METHOD = "led_temperature"

logger = logging.getLogger(__name__)

_INSERT_SET = """
insert into hcal.correction_set (day, method, parameters, run_id) values (%s, %s, %s, %s)
returning correction_set
"""
_JUDGE = "update hcal.correction_set set verdict = %s where correction_set = %s"
_ROWS = """
select tower_id, lower(validity) as valid_from, upper(validity) as valid_until, gain, gain_error, status,
       led_run, drift, drift_error, temperature, temperature_correction, bias_correction, spread
from hcal.gain_correction where correction_set = %s order by valid_from, tower_id
"""


@dataclass(frozen=True, eq=False)
class CorrectedDay:
    """The corrections of a UTC day, not stored yet.

    Parameters
    ----------
    rows
        One row a tower and interval: `tower_id`, `valid_from`, `valid_until` and the columns of
        `hcal.gain_correction`.
    parameters
        Settings and reference run they were made with.
    """

    day: str
    rows: pd.DataFrame
    parameters: dict[str, Any]


def correct_day(database: Database, day: str | date, settings: CorrectionSettings) -> CorrectedDay:
    """Make the corrections of a UTC day from the LED runs that passed and the day's slow control.

    Raises
    ------
    NoLedRun
        If no LED run passed its checks.
    ConfigurationError
        If the reference run of the settings is none that did.
    """
    runs = LedRuns(database, settings)
    response = response_of(settings)
    start, end = bounds(day)
    frames = []
    for first, last in intervals(start, end, timedelta(hours=settings.interval_hours)):
        led = runs.state_at(first + (last - first) / 2)
        made = combine(led, tower_means(database, first, last, settings), response, settings)
        frames.append(_rows(made, first, last))
    parameters = settings.model_dump(mode="json") | {"reference_run": runs.reference_run}
    return CorrectedDay(start.date().isoformat(), pd.concat(frames, ignore_index=True), parameters)


def intervals(start: datetime, end: datetime, length: timedelta) -> list[tuple[datetime, datetime]]:
    """Return [start, end) cut into intervals of at most `length`, without gap or overlap."""
    count = -((start - end) // length)
    edges = [start + number * length for number in range(count)] + [end]
    return list(pairwise(edges))


def store(database: Database, made: CorrectedDay, run_id: str) -> int:
    """Store the corrections as a new set, all or none of it; return its number. It is not judged yet."""
    frame = made.rows.drop(columns=["valid_from", "valid_until"])
    begin = made.rows["valid_from"].map(datetime.isoformat)
    end = made.rows["valid_until"].map(datetime.isoformat)
    frame["validity"] = "[" + begin + "," + end + ")"
    with database.transaction() as cursor:
        cursor.execute(_INSERT_SET, (made.day, METHOD, Json(made.parameters), run_id))
        [(number,)] = cursor.fetchall()
        copy_frame(cursor, "hcal", "gain_correction", frame.assign(correction_set=number))
    logger.info("corrections of %s: set %d, %d rows", made.day, number, len(frame))
    return int(number)


def judged(database: Database, correction_set: int, level: Level) -> None:
    """Store the worst verdict on a set; before that no reader uses it."""
    with database.transaction() as cursor:
        cursor.execute(_JUDGE, (level.value, correction_set))


def stored_rows(database: Database, correction_set: int) -> pd.DataFrame:
    """Return the rows of a set, with `valid_from` and `valid_until`."""
    with database.transaction() as cursor:
        cursor.execute(_ROWS, (correction_set,))
        names = [column.name for column in cursor.description or ()]
        return pd.DataFrame(cursor.fetchall(), columns=names)


def _rows(made: Corrections, first: datetime, last: datetime) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "tower_id": towers().tower_id,
            "valid_from": first,
            "valid_until": last,
            "gain": made.gain,
            "gain_error": made.gain_error,
            "status": made.status,
            "led_run": pd.Series(made.led_run, dtype="Int64").mask(made.led_run < 0),
            "drift": made.drift,
            "drift_error": made.drift_error,
            "temperature": made.temperature,
            "temperature_correction": made.temperature_correction,
            "bias_correction": made.bias_correction,
            "spread": made.spread,
        }
    )
