"""Whether all of a Measurement Set is there, and nobody is writing into it; runs in a worker process."""

import fcntl
import os
import re
from pathlib import Path
from typing import Any

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.ledger import trees
from dsa_hcal_assets.radio.archive.errors import (
    HalfCopied,
    LockedMeasurementSet,
    MissingParts,
    NotAMeasurementSet,
)

SUBTABLES = ("ANTENNA", "DATA_DESCRIPTION", "FIELD", "OBSERVATION", "POLARIZATION", "SPECTRAL_WINDOW")
COLUMNS = (
    "ANTENNA1",
    "ANTENNA2",
    "DATA",
    "DATA_DESC_ID",
    "FIELD_ID",
    "FLAG",
    "INTERVAL",
    "TIME",
    "UVW",
    "WEIGHT",
)
_TYPE = re.compile(r"Type\s*=\s*(.*?)\s*$", re.MULTILINE)
_FINISH = "finish or repeat the copy"


def require_whole(ms: Path) -> None:
    """Refuse a directory that is no Measurement Set, or not all of one.

    The last row of every column is read, because a file cut short opens like a whole one.

    Raises
    ------
    NotAMeasurementSet
        If the directory holds another kind of table, or files of something else.
    HalfCopied
        If parts are missing that its tables announce, or end early.
    LockedMeasurementSet
        If another process holds a lock for writing.
    MissingParts
        If it lacks a column or subtable, or a part of it lies outside the directory.
    """
    _require_set(ms)
    _require_unlocked(ms)
    from casacore import tables

    try:
        with tables.table(str(ms), ack=False, lockoptions="usernoread") as main:
            _require_parts(main, ms)
            _read_last_row(main)
        for name in SUBTABLES:
            with tables.table(str(ms / name), ack=False, lockoptions="usernoread") as subtable:
                _read_last_row(subtable)
    except RuntimeError as error:  # what python-casacore raises for all that cannot be read
        raise _half(ms, " ".join(str(error).split())[:300]) from error


def _require_set(ms: Path) -> None:
    names = {entry.name for entry in os.scandir(ms) if entry.is_file(follow_symlinks=False)}
    strangers = sorted(name for name in names if not name.startswith(("table.", ".")))
    if "table.dat" not in names and strangers:
        raise NotAMeasurementSet(
            f"{ms.name} is no Measurement Set", expected="a casacore table (table.dat)", found=strangers[0]
        )
    if not {"table.dat", "table.info"} <= names:
        raise _half(ms, f"no {'table.dat' if 'table.dat' not in names else 'table.info'}")
    kind = _TYPE.search((ms / "table.info").read_text(encoding="utf-8", errors="replace"))
    if kind is None or kind[1] != "Measurement Set":
        raise NotAMeasurementSet(
            f"{ms.name} is no Measurement Set",
            expected="a table of type 'Measurement Set'",
            found=f"type {kind[1]!r}" if kind else "a table of no type",
        )


def _require_unlocked(ms: Path) -> None:
    """Look for a writer's lock: casacore locks the first byte of ``table.lock`` (casa/IO/LockFile)."""
    for path in ms.rglob(trees.LOCK_FILE):
        with path.open("rb") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, 0)
            except BlockingIOError as error:
                raise LockedMeasurementSet(
                    f"{ms.name} is being written",
                    found=f"a lock on {path.relative_to(ms.parent)}",
                    kept="left where it is",
                    remedy="it is taken when the other process has closed it",
                ) from error


def _require_parts(main: Any, ms: Path) -> None:
    announced = set(main.keywordnames())
    missing = [name for name in SUBTABLES if name not in announced]
    missing += [name for name in COLUMNS if name not in main.colnames()]
    if missing:
        raise MissingParts(
            f"{ms.name} lacks {', '.join(missing)}",
            expected=f"subtables {', '.join(SUBTABLES)}; columns {', '.join(COLUMNS)}",
            remedy="write it with these, for example by CASA's importuvfits, split or mstransform",
        )
    inside = ms.resolve()
    for part in main.partnames():
        if not Path(part).resolve().is_relative_to(inside):
            raise MissingParts(
                f"{ms.name} refers to rows of another table",
                expected="a set that stands on its own",
                found=part,
                remedy="write a real copy of it (CASA's split, or casacore's deep copy)",
            )
    absent = [name for name in SUBTABLES if not (ms / name / "table.dat").is_file()]
    if absent:
        raise _half(ms, f"no {absent[0]}")


def _read_last_row(table: Any) -> None:
    rows = table.nrows()
    for name in table.colnames() if rows else ():
        if table.iscelldefined(name, rows - 1):
            table.getcell(name, rows - 1)


def _half(ms: Path, found: str) -> BadInput:
    return HalfCopied(
        f"{ms.name} is not whole", expected="every part its tables announce", found=found, remedy=_FINISH
    )
