"""The state valid at a time or run as a frame: what `hcal.tower_state_at` and its like answer."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

import pandas as pd
from psycopg2 import sql

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import PermanentError
from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter
from dsa_hcal_assets.hcal.mapping.geometry import NoSuchTower

MAX_AGE = timedelta(hours=1)
_STATE = sql.SQL("select * from {function}(%s, %s) where detector = %s order by tower_id")
_TOWER = sql.SQL("select * from {function}(%s, %s) where tower_id = %s")
_READINGS = (
    "temperature",
    "temperature_preamp",
    "leakage",
    "bias_offset",
    "bias",
)
_FUNCTIONS = {
    Calorimeter.OHCAL: "tower_state_at",
    Calorimeter.IHCAL: "tower_state_at",
    Calorimeter.EMCAL: "emcal_state_at",
}


class UnknownRun(PermanentError):
    """A run nobody recorded the begin of."""


def valid_state(
    database: Database, calorimeter: Calorimeter, moment: datetime, *, max_age: timedelta = MAX_AGE
) -> pd.DataFrame:
    """Return the state of all towers of a detector that is valid at `moment`.

    Returns
    -------
    pandas.DataFrame
        A row a tower in order of `tower_id`; columns and `status` are those of the SQL function, times
        naive UTC. Towers without a reading within `max_age` are there, with NaN and their status.
    """
    function = sql.Identifier("hcal", _FUNCTIONS[calorimeter])
    with database.transaction() as cursor:
        cursor.execute(_STATE.format(function=function), (require_utc(moment), max_age, int(calorimeter)))
        columns = [column.name for column in cursor.description or ()]
        return pd.DataFrame(cursor.fetchall(), columns=columns)


@dataclass(frozen=True)
class TowerState:
    """What is valid of one tower at a time; the columns of `hcal.tower_state_at` say what they mean.

    Parameters
    ----------
    reading_time
        When the readings were taken (UTC); None: none lies near enough, and `readings` are None too.
    readings
        By quantity; HCal and EMCal have different ones.
    gain_mode
        normal or high; None for the EMCal, or where it was not read.
    """

    tower_id: int
    detector: int
    towerid: int
    ieta: int
    iphi: int
    reading_time: datetime | None
    age_seconds: float | None
    readings: dict[str, float | None]
    gain_mode: str | None
    gain: float
    gain_error: float | None
    correction_set: int | None
    bad_severity: int
    bad_reasons: str
    status: int


def tower_state(
    database: Database, tower_id: int, moment: datetime, *, max_age: timedelta = MAX_AGE
) -> TowerState:
    """Return the state of one tower, of HCal or EMCal, that is valid at `moment`.

    Raises
    ------
    NoSuchTower
        If the database has no tower of that number; those of the EMCal come with its first snapshot.
    """
    emcal = tower_id >= Calorimeter.EMCAL.first_tower_id
    function = sql.Identifier("hcal", "emcal_state_at" if emcal else "tower_state_at")
    with database.transaction() as cursor:
        cursor.execute(_TOWER.format(function=function), (require_utc(moment), max_age, tower_id))
        names = [column.name for column in cursor.description or ()]
        row = cursor.fetchone()
    if row is None:
        raise NoSuchTower(f"the database has no tower {tower_id}")
    values = dict(zip(names, row, strict=True))
    read_at = values.pop("reading_time")
    known = {field.name: values[field.name] for field in fields(TowerState) if field.name in values}
    readings = {name: values[name] for name in _READINGS if name in values}
    return TowerState(
        **{"gain_mode": None} | known,
        reading_time=None if read_at is None else read_at.replace(tzinfo=UTC),
        readings=readings,
    )


def begin_of_run(database: Database, run_number: int) -> datetime:
    """Return when a run began.

    Raises
    ------
    UnknownRun
        If no event says so.
    """
    found = database.rows("select started_at from hcal.run where run_number = %s", (run_number,))
    if not found:
        raise UnknownRun(
            f"run {run_number} is not known",
            expected="an event run_started, or a list of runs, in incoming/events",
            remedy="record the begin of the run, or ask for a time",
        )
    moment: datetime = found[0][0]
    return moment
