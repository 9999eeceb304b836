"""A real inventory of observation groups: what arrived when, as a CSV file lists it.

Columns, by name and in any order, further ones are ignored::

    group,found,expected,bytes
    2025-06-05T20:37:07,16,16,2330000000
    2025-06-05T20:42:16,14,16,2038750000

`group`: time of the group's first integration, UTC. `found`, `expected`: its subbands. `bytes`
(optional): their size on the telescope's disks, which a replay only sums up. `missing` (optional):
numbers of the subbands that are not there, separated by blanks; by default they are drawn.
"""

import csv
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dsa_hcal_assets.clock import parse_group_key
from dsa_hcal_assets.errors import BadInput

REQUIRED = ("group", "found", "expected")


@dataclass(frozen=True)
class Entry:
    """One group of an inventory; `missing` is None where the list does not tell which subbands are."""

    start: datetime
    found: int
    expected: int
    bytes: int = 0
    missing: tuple[int, ...] | None = None


def read_inventory(path: Path) -> list[Entry]:
    """Return the groups of a list in its order.

    Raises
    ------
    BadInput
        If a column is missing, a value is none, a group is there twice, or counts contradict each
        other; names file and line.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        absent = [name for name in REQUIRED if name not in (rows.fieldnames or ())]
        if absent:
            raise BadInput(
                f"{path.name} lacks column {', '.join(absent)}",
                expected=", ".join(REQUIRED),
                found=", ".join(rows.fieldnames or ()) or "an empty file",
            )
        entries = [_entry(row, f"{path.name}, line {rows.line_num}") for row in rows]
    often = [start for start, count in Counter(entry.start for entry in entries).items() if count > 1]
    if often:
        raise BadInput(
            f"{path.name} lists {often[0]:%Y-%m-%dT%H:%M:%S} more than once", remedy="one line a group"
        )
    return entries


def _entry(row: dict[str, str], where: str) -> Entry:
    try:
        words = (row.get("missing") or "").split()
        entry = Entry(
            start=parse_group_key(row["group"].strip()),
            found=int(row["found"]),
            expected=int(row["expected"]),
            bytes=int(row.get("bytes") or 0),
            missing=tuple(sorted({int(word) for word in words})) if words else None,
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise BadInput(
            f"{where} cannot be read", expected="2025-06-05T20:37:07,16,16", found=str(error)
        ) from error
    lost = entry.expected - entry.found
    named = entry.missing is None or (
        len(entry.missing) == lost and all(0 <= number < entry.expected for number in entry.missing)
    )
    if not (0 <= entry.found <= entry.expected and named and entry.bytes >= 0):
        raise BadInput(
            f"{where} contradicts itself",
            expected="0 <= found <= expected, and as many subbands named missing as are",
            found=f"{entry.found} of {entry.expected}, missing {entry.missing}",
        )
    return entry
