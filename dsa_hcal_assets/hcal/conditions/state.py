"""The state valid at a time or run as a frame: what `hcal.tower_state_at` and its like answer."""

from datetime import datetime, timedelta

import pandas as pd
from psycopg2 import sql

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import PermanentError
from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter

MAX_AGE = timedelta(hours=1)
_STATE = sql.SQL("select * from {function}(%s, %s) where detector = %s order by tower_id")
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
