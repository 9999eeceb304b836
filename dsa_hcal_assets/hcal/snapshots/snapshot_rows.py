"""`hcal.source_snapshot`: which cycles of a source are loaded, from which file."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from dsa_hcal_assets.hcal.snapshots.loading import C, Prepared
from dsa_hcal_assets.hcal.snapshots.source import S

Status = Literal["ok", "partial", "down"]
_PRESENT = "select cycle, arrival_id from hcal.source_snapshot where source = %s and cycle = any(%s)"
_INSERT = """
insert into hcal.source_snapshot (source, cycle, arrival_id, sequence, acquisition_id, run_number,
                                  boards_ok, boards_partial, boards_down, rows, run_id)
values %s
"""


def present(cursor: Cursor, source: str, cycles: Sequence[datetime]) -> dict[datetime, int]:
    """Return the arrival each of `cycles` is loaded from, for those that are."""
    cursor.execute(_PRESENT, (source, list(cycles)))
    return dict(cursor.fetchall())


def replace(
    cursor: Cursor, source: str, some: Sequence[tuple[Prepared[S, C], Iterable[Status]]], run_id: str
) -> None:
    """Write the rows of snapshots, each with the status of its boards, over what their cycles had."""
    cycles = [prepared.snapshot.cycle for prepared, _ in some]
    cursor.execute("delete from hcal.source_snapshot where source = %s and cycle = any(%s)", (source, cycles))
    rows = []
    for prepared, statuses in some:
        snapshot, count = prepared.snapshot, Counter(statuses)
        rows.append(
            (
                source,
                snapshot.cycle,
                prepared.arrival.arrival_id,
                snapshot.sequence,
                snapshot.acquisition_id,
                snapshot.run_number,
                count["ok"],
                count["partial"],
                count["down"],
                prepared.rows,
                run_id,
            )
        )
    execute_values(cursor, _INSERT, rows, page_size=1000)
