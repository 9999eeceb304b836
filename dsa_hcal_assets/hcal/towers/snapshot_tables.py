"""The rows a snapshot becomes, written in the caller's transaction.

The rows of a cycle are removed before they are written, so that loading and reloading are one path
and leave the same rows. With the cycle known to be free, the towers can go by binary COPY straight
into the partition: measured 2-3 times the rate of a staging table with ON CONFLICT. Rows of readings
are written and removed together with the cycle's row in `hcal.snapshot`, so only where there was one
are they looked for: a partition that grows has no statistics yet, and the search might read it all.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import Json, execute_values

from dsa_hcal_assets.database.binary_copy import copy_of, copy_records
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.controllers.readings import BoardReading, Snapshot
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets.hcal.snapshots.loading import Prepared
from dsa_hcal_assets.hcal.snapshots.partitions import make_months
from dsa_hcal_assets.hcal.towers import history, led_rows
from dsa_hcal_assets.hcal.towers.tower_rows import COPY_COLUMNS, failed_readings, tower_rows
from dsa_hcal_assets.ledger import Arrival

_COPY = f"copy hcal.tower_reading ({', '.join(COPY_COLUMNS)}) from stdin (format binary)"
_INSERT_SNAPSHOTS = """
insert into hcal.snapshot (cycle, arrival_id, sequence, acquisition_id, run_number, boards_ok, boards_partial,
                           boards_down, boards_absent, boards_unmapped, towers_read, map_digest, run_id)
values %s
"""
_INSERT_BOARDS = """
insert into hcal.board_reading (ts, board, status, sampled_at, failed_readings, error) values %s
"""
# "do update" rather than "do nothing": it waits for a rollup that is removing the mark
_MARK_DIRTY = """
insert into hcal.dirty_hour (bucket) values %s on conflict (bucket) do update set marked_at = now()
"""


@dataclass(frozen=True, eq=False)
class MappedTowers:
    """What a snapshot becomes under the channel map of its time.

    Parameters
    ----------
    records
        Its rows as records of a binary COPY.
    towers_read
        Towers with a temperature.
    expected_boards
        Boards of the channel map at its time.
    """

    records: bytes
    towers_read: int
    expected_boards: tuple[str, ...]


Ready = Prepared[Snapshot, MappedTowers]


@dataclass(frozen=True)
class TowerTables:
    """The tables of the controllers' snapshots under a channel map (`loading.DayTables`)."""

    channel_map: ChannelMap
    batch: int = 48  # 147 k rows

    def prepare(self, arrival: Arrival, snapshot: Snapshot) -> Ready:
        """Assign the values to towers; raises `MapNotValid` outside the map's validity."""
        epoch = self.channel_map.at(snapshot.cycle)
        towers = tower_rows(snapshot, epoch)
        content = MappedTowers(copy_records(towers.rows), towers.towers_read, epoch.boards)
        return Prepared(arrival, snapshot, content, len(towers.rows), towers.unmapped)

    def make_room(self, database: Database, cycles: Sequence[datetime]) -> None:
        """Create the partitions of `cycles` (UTC months), in a transaction of its own."""
        make_months(database, cycles, "select hcal.ensure_month(%s)")

    def present(self, cursor: Cursor, cycles: Sequence[datetime]) -> dict[datetime, int]:
        """Return the arrival each of `cycles` is loaded from, for those that are."""
        cursor.execute("select cycle, arrival_id from hcal.snapshot where cycle = any(%s)", (list(cycles),))
        return dict(cursor.fetchall())

    def write(self, cursor: Cursor, some: Sequence[Ready], run_id: str) -> None:
        """Write snapshots of one UTC day with board states and towers; mark their hours as dirty."""
        cycles = [prepared.snapshot.cycle for prepared in some]
        cursor.execute("delete from hcal.snapshot where cycle = any(%s) returning cycle", (cycles,))
        if replaced := [cycle for (cycle,) in cursor.fetchall()]:
            cursor.execute("delete from hcal.tower_reading where ts = any(%s)", (replaced,))
            cursor.execute("delete from hcal.board_reading where ts = any(%s)", (replaced,))
        history.forget(cursor, {cycle.astimezone(UTC).date() for cycle in cycles})
        led_rows.write(cursor, [prepared.snapshot for prepared in some], self.channel_map, replaced)
        execute_values(
            cursor,
            _INSERT_SNAPSHOTS,
            [_snapshot_row(prepared, self.channel_map.digest, run_id) for prepared in some],
        )
        execute_values(
            cursor,
            _INSERT_BOARDS,
            [row for prepared in some for row in _board_rows(prepared)],
            page_size=1000,
        )
        records = copy_of(prepared.content.records for prepared in some)
        # in one piece: between two pieces the thread that reads the next files would have its turn
        cursor.copy_expert(_COPY, io.BytesIO(records), size=len(records))
        hours = sorted({cycle.astimezone(UTC).replace(minute=0, second=0, microsecond=0) for cycle in cycles})
        execute_values(
            cursor,
            _MARK_DIRTY,
            [(hour,) for hour in hours],
        )


def _absent(prepared: Ready) -> tuple[str, ...]:
    """Return the boards of the channel map that the snapshot does not mention."""
    mentioned = {board.board for board in prepared.snapshot.boards}
    return tuple(sorted(set(prepared.content.expected_boards) - mentioned))


def _status(prepared: Ready, board: BoardReading) -> str:
    return "unmapped" if board.board in prepared.rejected else board.status


def _snapshot_row(prepared: Ready, map_digest: str, run_id: str) -> tuple[Any, ...]:
    snapshot = prepared.snapshot
    statuses = [_status(prepared, board) for board in snapshot.boards]
    return (
        snapshot.cycle,
        prepared.arrival.arrival_id,
        snapshot.sequence,
        snapshot.acquisition_id,
        snapshot.run_number,
        statuses.count("ok"),
        statuses.count("partial"),
        statuses.count("down"),
        len(_absent(prepared)),
        statuses.count("unmapped"),
        prepared.content.towers_read,
        map_digest,
        run_id,
    )


def _board_rows(prepared: Ready) -> list[tuple[Any, ...]]:
    cycle = prepared.snapshot.cycle
    rows: list[tuple[Any, ...]] = [
        (
            cycle,
            board.board,
            _status(prepared, board),
            board.sampled_at,
            failed_readings(board),
            _error(board),
        )
        for board in prepared.snapshot.boards
    ]
    return rows + [(cycle, board, "absent", None, 0, None) for board in _absent(prepared)]


def _error(board: BoardReading) -> Json | None:
    channels = {
        str(channel.channel): {name: error.get("what") for name, error in channel.errors.items()}
        for channel in board.channels
        if channel.errors
    }
    record = dict(board.error or {}) | ({"channels": channels} if channels else {})
    return Json(record) if record else None
