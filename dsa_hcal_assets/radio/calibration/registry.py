"""The registry of calibration sets: entering them, and taking them out of use.

Belongs here: every change of a set's state, each with its reason and none of them undone by deleting.
Not here: which set applies (`choice`), reading what is on record (`sets`), making sets (`job`).

A set may be used within its nominal range (a day or so around its calibrator's transit). Where the
ranges of neighbouring sets of one declination overlap, the boundary lies half-way between their
centres, so that the set valid at a moment is the nearest one. The database refuses overlaps, and
active sets that failed their checks.
"""

from typing import Literal

from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import PermanentError
from dsa_hcal_assets.radio.calibration.description import SetDescription
from dsa_hcal_assets.radio.calibration.sets import DEFAULT_KIND, CalibrationSet, State, read_set

SOLVED, FAILED = "solved", "failed its checks"
# States a set leaves only by a new solve; the later ones say more and may follow the earlier ones.
_OUT: tuple[State, ...] = ("superseded", "retired", "damaged", "blacklisted")


class SetNotActive(PermanentError):
    """Only a set in use can be pinned."""


def register_set(
    database: Database,
    product_id: int,
    described: SetDescription,
    qa_level: str,
    kind: str = DEFAULT_KIND,
    *,
    reason: str | None = None,
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
        Kept in the set's history ("solved", or "failed its checks").
    """
    bandpass = next(table for table in described.tables if table.kind == "bandpass")
    failed = qa_level == "fail"
    with database.transaction() as cursor:
        stream = _lock_stream(cursor, described.profile, kind)
        cursor.execute("select set_id from radio.calibration_set where product_id = %s", (product_id,))
        for (known,) in cursor.fetchall():
            return read_set(cursor, known)
        if not failed:
            _supersede(cursor, stream, product_id, described)
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
        ((set_id,),) = cursor.fetchall()
        _note(cursor, set_id, "retired" if failed else "active", reason or (FAILED if failed else SOLVED))
        _allot(cursor, stream)
        return read_set(cursor, set_id)


def take_out(
    database: Database, set_id: int, state: Literal["retired", "blacklisted", "damaged"], reason: str
) -> CalibrationSet:
    """Take a set out of use; its neighbours take over where their own ranges reach.

    A set that is out for a stronger reason stays as it is: blacklisted outweighs damaged, damaged
    retired, retired superseded.

    Parameters
    ----------
    database, set_id
        Which set.
    state
        retired: no longer wanted; blacklisted: never to be used; damaged: its tables cannot be read.
    reason
        Kept in the set's history.

    Raises
    ------
    UnknownCalibrationSet
        If there is no such set.
    """
    with database.transaction() as cursor:
        found, stream = _locked(cursor, set_id)
        if found.state == "active" or _OUT.index(found.state) < _OUT.index(state):
            _leave(cursor, set_id, state, reason)
            _allot(cursor, stream)
        return read_set(cursor, set_id)


def pin_set(database: Database, set_id: int, reason: str, *, pinned: bool = True) -> CalibrationSet:
    """Let a set win over all others while its nominal range holds, or end that (`pinned` False).

    Raises
    ------
    UnknownCalibrationSet
        If there is no such set.
    SetNotActive
        If the set is not in use.
    """
    with database.transaction() as cursor:
        found, stream = _locked(cursor, set_id)
        if found.state != "active":
            raise SetNotActive(
                f"calibration set {set_id} is {found.state}: {found.reason}",
                expected="an active set",
                remedy="pin another one, or solve its group again",
            )
        if found.pinned != pinned:
            cursor.execute("update radio.calibration_set set pinned = %s where set_id = %s", (pinned, set_id))
            _note(cursor, set_id, "pinned" if pinned else "unpinned", reason)
            _allot(cursor, stream)
        return read_set(cursor, set_id)


def _supersede(cursor: Cursor, stream: int, product_id: int, described: SetDescription) -> None:
    cursor.execute(
        "select set_id from radio.calibration_set where stream_id = %s and state = 'active' "
        "and (group_key = %s or (centre = %s and strip = round(%s * 10)))",
        (stream, described.group, described.centre, described.declination_deg),
    )
    for (older,) in cursor.fetchall():
        _leave(cursor, older, "superseded", f"replaced by product {product_id} of {described.group}")


def _locked(cursor: Cursor, set_id: int) -> tuple[CalibrationSet, int]:
    """Return a set as it is once its stream is locked, and the stream's number."""
    found = read_set(cursor, set_id)
    stream = _lock_stream(cursor, found.profile, found.kind)
    return read_set(cursor, set_id), stream


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
    ((stream,),) = cursor.fetchall()
    return int(stream)


def _allot(cursor: Cursor, stream: int) -> None:
    """Cut the nominal ranges so that each moment has the nearest set."""
    cursor.execute("select radio.allot_calibration(%s)", (stream,))


def _leave(cursor: Cursor, set_id: int, state: State, reason: str) -> None:
    cursor.execute(
        "update radio.calibration_set set state = %s, validity = null, pinned = false where set_id = %s",
        (state, set_id),
    )
    _note(cursor, set_id, state, reason)


def _note(cursor: Cursor, set_id: int, event: str, reason: str) -> None:
    cursor.execute(
        "insert into radio.calibration_event (set_id, state, reason) values (%s, %s, %s)",
        (set_id, event, reason),
    )
