"""The registry of calibration sets: which set applies to data of a given time.

Belongs here: registering, retiring, choosing. Not here: making sets (`job`) or reading their tables.

A set may be used within its nominal range (a day or so around its calibrator). Where the ranges of
neighbouring sets overlap, the boundary lies half-way between their centres, so that the set valid at
a moment is the nearest one. The database refuses overlaps, and active sets that failed their checks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import PermanentError
from dsa_hcal_assets.radio.calibration.description import SetDescription

State = Literal["active", "superseded", "retired"]
DEFAULT_KIND = "calibrator"
_COLUMNS = (
    "set_id, profile, kind, state, qa_level, group_key, calibrator, centre, valid_from, valid_until, "
    "declination_deg, reference_antenna, product_id, partition, version, path, checksum"
)


class NoValidCalibration(PermanentError):
    """No registered calibration set may be used for data of this time."""


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
        What it was solved on, and when (UTC).
    valid_from, valid_until
        When it is the one to use (until is exclusive); None when it is not active.
    declination_deg, reference_antenna
        Pointing (deg) and reference of the phases.
    product_id, partition, version, checksum
        The ``calibration_tables`` product.
    path
        Its directory, relative to the root of the product tree.
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

    def staleness(self, moment: datetime) -> timedelta:
        """Return the distance in time between the set and data of `moment`."""
        return abs(require_utc(moment) - self.centre)


def register_set(
    database: Database,
    product_id: int,
    described: SetDescription,
    qa_level: str,
    kind: str = DEFAULT_KIND,
    *,
    reason: str = "solved",
) -> CalibrationSet:
    """Enter a published set; a set of the same group that was active is superseded.

    A set whose `qa_level` is "fail" is entered as retired: it is on record and never chosen.
    Registering a product again changes nothing.

    Parameters
    ----------
    database
        Where the registry is.
    product_id
        The published ``calibration_tables`` version.
    described
        Content of its ``set.json``.
    qa_level
        Worst level of its verdicts: pass, warn, fail.
    kind
        Sets of different kinds do not compete.
    reason
        Kept in the set's history.
    """
    bandpass = next(table for table in described.tables if table.kind == "bandpass")
    failed = qa_level == "fail"
    with database.transaction() as cursor:
        stream = _lock_stream(cursor, described.profile, kind)
        cursor.execute("select set_id from radio.calibration_set where product_id = %s", (product_id,))
        known = cursor.fetchone()
        if known is not None:
            return _one(cursor, int(known[0]))
        if not failed:
            cursor.execute(
                "select set_id from radio.calibration_set where stream_id = %s and state = 'active' "
                "and (group_key = %s or centre = %s)",
                (stream, described.group, described.centre),
            )
            for (older,) in cursor.fetchall():
                _leave(cursor, older, "superseded", f"replaced by product {product_id} of {described.group}")
        cursor.execute(
            "insert into radio.calibration_set (stream_id, product_id, group_key, calibrator, centre, "
            "nominal, validity, declination_deg, reference_antenna, qa_level, state) "
            "values (%s, %s, %s, %s, %s, tstzrange(%s, %s), "
            "case when %s then null else tstzrange(%s, %s) end, %s, %s, %s, %s) returning set_id",
            (
                stream, product_id, described.group, described.calibrator, described.centre,
                bandpass.valid_from, bandpass.valid_until,
                failed, bandpass.valid_from, bandpass.valid_until,
                described.declination_deg, described.reference_antenna, qa_level,
                "retired" if failed else "active",
            ),
        )  # fmt: skip
        set_id = int(_fetched(cursor)[0])
        _note(cursor, set_id, "retired" if failed else "active", "failed its checks" if failed else reason)
        _allot(cursor, stream)
        return _one(cursor, set_id)


def set_for(database: Database, profile: str, moment: datetime, kind: str = DEFAULT_KIND) -> CalibrationSet:
    """Return the set that applies to data of `moment`: the nearest active one whose range holds it.

    Raises
    ------
    NoValidCalibration
        If there is none; names the nearest sets and why they do not count.
    """
    moment = require_utc(moment)
    rows = database.rows(
        f"select {_COLUMNS} from radio.calibration_sets "  # noqa: S608 - a constant list of columns
        "where profile = %s and kind = %s and state = 'active' and validity @> %s::timestamptz",
        (profile, kind, moment),
    )
    if rows:
        return _set(rows[0])
    near = database.rows(
        f"select {_COLUMNS} from radio.calibration_sets where profile = %s and kind = %s "  # noqa: S608
        "order by abs(extract(epoch from centre - %s::timestamptz)) limit 3",
        (profile, kind, moment),
    )
    raise NoValidCalibration(
        f"no calibration set of {profile} holds at {moment:%Y-%m-%d %H:%M:%S}",
        expected="an active set whose validity covers this time",
        found="; ".join(_told(_set(row)) for row in near) or "no set at all",
        remedy="process a calibrator group near this time, or look at `dsa-hcal radio registry list`",
    )


def retire_set(database: Database, set_id: int, reason: str) -> CalibrationSet:
    """Take a set out of use; its neighbours take over where their own ranges reach.

    Raises
    ------
    UnknownCalibrationSet
        If there is no such set.
    """
    with database.transaction() as cursor:
        found = _one(cursor, set_id)
        stream = _lock_stream(cursor, found.profile, found.kind)
        if _one(cursor, set_id).state == "active":
            _leave(cursor, set_id, "retired", reason)
            _allot(cursor, stream)
        return _one(cursor, set_id)


def list_sets(
    database: Database, profile: str | None = None, state: State | None = None
) -> list[CalibrationSet]:
    """Return registered sets, newest centre first."""
    rows = database.rows(
        f"select {_COLUMNS} from radio.calibration_sets "  # noqa: S608
        "where (%s::text is null or profile = %s) and (%s::text is null or state = %s) "
        "order by centre desc, set_id desc",
        (profile, profile, state, state),
    )
    return [_set(row) for row in rows]


def history(database: Database, set_id: int) -> list[tuple[datetime, str, str]]:
    """Return every change of a set's state, oldest first: when, state, reason."""
    rows = database.rows(
        "select at, state, reason from radio.calibration_event where set_id = %s order by event_id", (set_id,)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def _lock_stream(cursor: Cursor, profile: str, kind: str) -> int:
    """Return the stream's number, holding its row until the transaction ends: one change at a time."""
    cursor.execute(
        "insert into radio.calibration_stream (profile, kind) values (%s, %s) on conflict do nothing",
        (profile, kind),
    )
    cursor.execute(
        "select stream_id from radio.calibration_stream where profile = %s and kind = %s for update",
        (profile, kind),
    )
    return int(_fetched(cursor)[0])


def _allot(cursor: Cursor, stream: int) -> None:
    """Cut the nominal ranges of a stream's active sets so that each moment has the nearest one."""
    cursor.execute(
        """
        with ordered as (
            select set_id, centre, lower(nominal) as first, upper(nominal) as last,
                lag(centre) over w as before, lag(upper(nominal)) over w as before_last,
                lead(centre) over w as after, lead(lower(nominal)) over w as after_first
            from radio.calibration_set where stream_id = %s and state = 'active'
            window w as (order by centre)
        ), bounds as (
            select set_id,
                -- half-way to the neighbour, or as far as the neighbour does not reach
                case when before is null then first
                     else greatest(first, least(before + (centre - before) / 2, before_last)) end as first,
                case when after is null then last
                     else least(last, greatest(centre + (after - centre) / 2, after_first)) end as last
            from ordered
        )
        update radio.calibration_set s set validity = tstzrange(b.first, b.last)
        from bounds b where b.set_id = s.set_id and s.validity is distinct from tstzrange(b.first, b.last)
        """,
        (stream,),
    )


def _leave(cursor: Cursor, set_id: int, state: State, reason: str) -> None:
    cursor.execute(
        "update radio.calibration_set set state = %s, validity = null where set_id = %s", (state, set_id)
    )
    _note(cursor, set_id, state, reason)


def _note(cursor: Cursor, set_id: int, state: State, reason: str) -> None:
    cursor.execute(
        "insert into radio.calibration_event (set_id, state, reason) values (%s, %s, %s)",
        (set_id, state, reason),
    )


def _one(cursor: Cursor, set_id: int) -> CalibrationSet:
    cursor.execute(
        f"select {_COLUMNS} from radio.calibration_sets where set_id = %s",  # noqa: S608
        (set_id,),
    )
    row = cursor.fetchone()
    if row is None:
        raise UnknownCalibrationSet(f"the registry has no calibration set {set_id}")
    return _set(row)


def _fetched(cursor: Cursor) -> Sequence[Any]:
    row = cursor.fetchone()
    if row is None:
        raise UnknownCalibrationSet("the registry lost a row inside a transaction")
    return row


def _set(row: Sequence[Any]) -> CalibrationSet:
    values = list(row)
    values[-2] = Path(values[-2])
    return CalibrationSet(*values)


def _told(one: CalibrationSet) -> str:
    if one.state != "active":
        return f"set {one.set_id} of {one.group} is {one.state} (checks: {one.qa_level})"
    valid = f"{one.valid_from:%Y-%m-%d %H:%M} to {one.valid_until:%Y-%m-%d %H:%M}"
    return f"set {one.set_id} of {one.group} holds {valid}"
