"""The rows a snapshot of the supplies becomes, written in the caller's transaction."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import Json, execute_values

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.snapshots import snapshot_rows
from dsa_hcal_assets.hcal.snapshots.loading import Prepared
from dsa_hcal_assets.hcal.snapshots.partitions import make_months
from dsa_hcal_assets.hcal.supplies.output_status import state_of
from dsa_hcal_assets.hcal.supplies.readings import CrateReading, SupplySnapshot
from dsa_hcal_assets.hcal.supplies.snapshot import SUPPLIES
from dsa_hcal_assets.hcal.supplies.supply_map import Place, SupplyMap
from dsa_hcal_assets.ledger import Arrival

_COLUMNS = (
    "ts, crate, kind, slot, channel, hcal_sector, v_set, v_meas, i_limit, i_meas, switched_on, status, state"
)
_COPY = f"copy hcal.supply_reading ({_COLUMNS}) from stdin (format csv)"
_INSERT_UNITS = """
insert into hcal.supply_unit_reading (ts, crate, kind, status, sampled_at, main_switch, failed_readings,
                                      error)
values %s
"""

Row = tuple[Any, ...]
Ready = Prepared[SupplySnapshot, list[Row]]


@dataclass(frozen=True)
class SupplyTables:
    """The tables of the supplies' snapshots under a supply map (`loading.DayTables`)."""

    supply_map: SupplyMap
    batch: int = 120  # two hours, 11 k rows

    def prepare(self, arrival: Arrival, snapshot: SupplySnapshot) -> Ready:
        """Give each channel the sector it serves at the time, if it serves one."""
        sectors = self.supply_map.at(snapshot.cycle)
        rows = [row for board in snapshot.boards for row in _channel_rows(snapshot.cycle, board, sectors)]
        return Prepared(arrival, snapshot, rows, len(rows))

    def make_room(self, database: Database, cycles: Sequence[datetime]) -> None:
        """Create the partitions of `cycles` (UTC months), in a transaction of its own."""
        make_months(database, cycles, "select hcal.ensure_month('supply_reading', %s)")

    def present(self, cursor: Cursor, cycles: Sequence[datetime]) -> dict[datetime, int]:
        """Return the arrival each of `cycles` is loaded from, for those that are."""
        return snapshot_rows.present(cursor, SUPPLIES.name, cycles)

    def write(self, cursor: Cursor, some: Sequence[Ready], run_id: str) -> None:
        """Write snapshots of one UTC day, taking the place of what their cycles had."""
        cycles = [prepared.snapshot.cycle for prepared in some]
        cursor.execute("delete from hcal.supply_reading where ts = any(%s)", (cycles,))
        cursor.execute("delete from hcal.supply_unit_reading where ts = any(%s)", (cycles,))
        statuses = [(one, [board.status for board in one.snapshot.boards]) for one in some]
        snapshot_rows.replace(cursor, SUPPLIES.name, statuses, run_id)
        units = [_unit_row(one.snapshot.cycle, board) for one in some for board in one.snapshot.boards]
        execute_values(cursor, _INSERT_UNITS, units, page_size=1000)
        text = io.StringIO()
        csv.writer(text).writerows(row for one in some for row in one.content)
        text.seek(0)
        cursor.copy_expert(_COPY, text)


def _channel_rows(cycle: datetime, board: CrateReading, sectors: dict[Place, int]) -> Iterator[Row]:
    for channel in board.channels:
        yield (
            cycle.isoformat(),
            board.board,
            board.kind,
            channel.slot,
            channel.channel,
            sectors.get((board.board, channel.slot, channel.channel)),
            channel.v_set,
            channel.v_meas,
            channel.i_limit,
            channel.i_meas,
            channel.switched_on,
            channel.status,
            None if channel.status is None else state_of(channel.status),
        )


def _unit_row(cycle: datetime, board: CrateReading) -> Row:
    readings = {name: record.get("what") for name, record in board.errors.items()}
    error = dict(board.error or {}) | ({"readings": readings} if readings else {})
    return (
        cycle,
        board.board,
        board.kind,
        board.status,
        board.sampled_at,
        board.main_switch,
        len(board.errors),
        Json(error) if error else None,
    )
