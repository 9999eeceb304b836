"""Calibration sets on record: what the registry knows of each, and how their states changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import PermanentError

State = Literal["active", "superseded", "retired", "blacklisted", "damaged"]
DEFAULT_KIND = "calibrator"
_COLUMNS = (
    "set_id, profile, kind, state, qa_level, group_key, calibrator, centre, valid_from, valid_until, "
    "declination_deg, reference_antenna, product_id, partition, version, path, checksum, pinned, reason"
)


class UnknownCalibrationSet(PermanentError):
    """The registry has no set of this number."""


@dataclass(frozen=True)
class CalibrationSet:
    """A registered set.

    Attributes
    ----------
    set_id, profile, kind
        Number in the registry, telescope profile, kind of set.
    state, qa_level
        See `radio.calibration_set`.
    group, calibrator, centre
        What it was solved on, and its transit (UTC).
    valid_from, valid_until
        When it is the one to use (until is exclusive); None when it is not active.
    declination_deg, reference_antenna
        Pointing (deg) and reference of the phases.
    product_id, partition, version, checksum
        The ``calibration_tables`` product.
    path
        Its directory, relative to the root of the product tree.
    pinned
        Wins over all others while its nominal range holds.
    reason
        Why it is in this state.
    """

    set_id: int
    profile: str
    kind: str
    state: State
    qa_level: str
    group: str
    calibrator: str
    centre: datetime
    valid_from: datetime | None
    valid_until: datetime | None
    declination_deg: float
    reference_antenna: str
    product_id: int
    partition: str
    version: int
    path: Path
    checksum: str
    pinned: bool
    reason: str

    def told(self) -> str:
        """Return one line about the set: what it is of, and when it holds or why it does not."""
        name = f"set {self.set_id} of {self.group} ({self.calibrator}, {self.declination_deg:+.2f} deg)"
        if self.valid_from is None or self.valid_until is None:
            return f"{name} is {self.state}: {self.reason}"
        return f"{name} holds {self.valid_from:%Y-%m-%d %H:%M} to {self.valid_until:%Y-%m-%d %H:%M}"


def list_sets(
    database: Database,
    profile: str | None = None,
    state: State | None = None,
    *,
    limit: int | None = None,
    after: tuple[datetime, int] | None = None,
) -> list[CalibrationSet]:
    """Return registered sets, newest centre first.

    Parameters
    ----------
    database
        Where the registry is.
    profile, state
        Only sets of this telescope profile, in this state.
    limit
        Most sets; None: all.
    after
        Only sets behind the one with this centre and number.
    """
    with database.transaction() as cursor:
        return newest_sets(cursor, profile, state, limit=limit, after=after)


def newest_sets(
    cursor: Cursor,
    profile: str | None = None,
    state: State | None = None,
    *,
    limit: int | None = None,
    after: tuple[datetime, int] | None = None,
) -> list[CalibrationSet]:
    """Return what `list_sets` does, inside a transaction."""
    centre, set_id = after or (None, None)
    cursor.execute(
        f"select {_COLUMNS} from radio.calibration_sets "  # noqa: S608 - a constant list of columns
        "where (%(profile)s is null or profile = %(profile)s) and (%(state)s is null or state = %(state)s) "
        "and (%(centre)s::timestamptz is null or (centre, set_id) < (%(centre)s, %(set_id)s)) "
        "order by centre desc, set_id desc limit %(limit)s",
        {"profile": profile, "state": state, "centre": centre, "set_id": set_id, "limit": limit},
    )
    return [_set(row) for row in cursor.fetchall()]


def count_by_state(cursor: Cursor) -> dict[State, int]:
    """Return how many sets are in each state; a state without any is 0."""
    cursor.execute("select state, count(*) from radio.calibration_set group by state")
    return dict.fromkeys(get_args(State), 0) | dict(cursor.fetchall())


def nearest_sets(database: Database, profile: str, kind: str, moment: datetime) -> list[CalibrationSet]:
    """Return the three sets whose centres are nearest to a moment, usable or not, the newest of equals.

    Without those a newer solve of their group has replaced: that one stands for them.
    """
    rows = database.rows(
        f"select {_COLUMNS} from radio.calibration_sets where profile = %s and kind = %s "  # noqa: S608
        "and state <> 'superseded' order by greatest(centre - %s, %s - centre), set_id desc limit 3",
        (profile, kind, moment, moment),
    )
    return [_set(row) for row in rows]


def get_set(database: Database, set_id: int) -> CalibrationSet:
    """Return one set.

    Raises
    ------
    UnknownCalibrationSet
        If there is no such set.
    """
    with database.transaction() as cursor:
        return read_set(cursor, set_id)


def read_set(cursor: Cursor, set_id: int) -> CalibrationSet:
    """Return one set inside a transaction; raises `UnknownCalibrationSet`."""
    cursor.execute(
        f"select {_COLUMNS} from radio.calibration_sets where set_id = %s",  # noqa: S608
        (set_id,),
    )
    row = cursor.fetchone()
    if row is None:
        raise UnknownCalibrationSet(
            f"the registry has no calibration set {set_id}", remedy="see `dsa-hcal calibration list`"
        )
    return _set(row)


def history(database: Database, set_id: int) -> list[tuple[datetime, str, str]]:
    """Return every change of a set, oldest first: when, new state (or pinned, unpinned), reason."""
    rows = database.rows(
        "select at, state, reason from radio.calibration_event where set_id = %s order by event_id", (set_id,)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def _set(row: Sequence[Any]) -> CalibrationSet:
    values = dict(zip(_COLUMNS.replace("group_key", "group").split(", "), row, strict=True))
    return CalibrationSet(**{**values, "path": Path(values["path"])})
