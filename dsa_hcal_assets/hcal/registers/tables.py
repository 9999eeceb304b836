"""The tables a snapshot of registers goes into, written in the caller's transaction (`loading.DayTables`)."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import Json, execute_values

from dsa_hcal_assets.database.binary_copy import copy_of, copy_records, postgres_time
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.registers.readings import RegisterSnapshot
from dsa_hcal_assets.hcal.registers.snapshot import REGISTERS
from dsa_hcal_assets.hcal.registers.table import RegisterTable
from dsa_hcal_assets.hcal.snapshots import loading, snapshot_rows
from dsa_hcal_assets.hcal.snapshots.load_report import LoadReport
from dsa_hcal_assets.hcal.snapshots.loading import Prepared
from dsa_hcal_assets.hcal.snapshots.partitions import make_months
from dsa_hcal_assets.ledger import Arrival, Ledger

ROW = np.dtype(
    [("ts", "i8"), ("raw", "i8"), ("value", "f8"), ("state", "S8"), ("board", "S32"), ("register", "S81")]
)
"""One register, or bit field, of one board in one cycle; `ts` in PostgreSQL's microseconds."""
_STATES = {True: "normal", False: "abnormal", None: ""}
_COPY = """
copy hcal.register_reading (ts, raw, value, state, board, register) from stdin (format binary)
"""
_INSERT_BOARDS = """
insert into hcal.register_board_reading (ts, board, status, sampled_at, table_digest, registers_read,
                                         failed_readings, error)
values %s
"""
_INSERT_DEFINITIONS = """
insert into hcal.register_definition (table_digest, register, kind, description, place, unit, valid_low,
                                      valid_high, expected, every)
values %s on conflict do nothing
"""

Ready = Prepared[RegisterSnapshot, bytes]  # records of a COPY


@dataclass(frozen=True)
class RegisterTables:
    """The tables of snapshots of registers."""

    batch: int = 24

    def prepare(self, arrival: Arrival, snapshot: RegisterSnapshot) -> Ready:
        """Work out values and bit fields by the snapshot's own tables."""
        rows = register_rows(snapshot)
        return Prepared(arrival, snapshot, copy_records(rows), len(rows))

    def make_room(self, database: Database, cycles: Sequence[datetime]) -> None:
        """Create the partitions of `cycles` (UTC months), in a transaction of its own."""
        make_months(database, cycles, "select hcal.ensure_month('register_reading', %s)")

    def present(self, cursor: Cursor, cycles: Sequence[datetime]) -> dict[datetime, int]:
        """Return the arrival each of `cycles` is loaded from, for those that are."""
        return snapshot_rows.present(cursor, REGISTERS.name, cycles)

    def write(self, cursor: Cursor, some: Sequence[Ready], run_id: str) -> None:
        """Write snapshots of one UTC day with the states of boards, and the tables they were read by."""
        cycles = [prepared.snapshot.cycle for prepared in some]
        cursor.execute("delete from hcal.register_reading where ts = any(%s)", (cycles,))
        cursor.execute("delete from hcal.register_board_reading where ts = any(%s)", (cycles,))
        statuses = [(one, [board.status for board in one.snapshot.boards]) for one in some]
        snapshot_rows.replace(cursor, REGISTERS.name, statuses, run_id)
        tables = {table.digest: table for one in some for table in one.snapshot.tables}
        definitions = [row for digest, table in tables.items() for row in _definitions(digest, table)]
        execute_values(cursor, _INSERT_DEFINITIONS, definitions, page_size=1000)
        boards = [row for prepared in some for row in _board_rows(prepared.snapshot)]
        execute_values(cursor, _INSERT_BOARDS, boards, page_size=1000)
        records = copy_of(prepared.content for prepared in some)
        cursor.copy_expert(_COPY, io.BytesIO(records), size=len(records))


def register_rows(snapshot: RegisterSnapshot) -> NDArray[np.void]:
    """Return the `ROW` records of a snapshot, registers and bit fields."""
    ts = postgres_time(snapshot.cycle)
    rows = [
        (ts, one.raw, one.value, _STATES[one.ok], board.board, one.name)
        for board in snapshot.boards
        for one in board.values(snapshot.table_of(board))
    ]
    return np.array(rows, dtype=ROW)


def load_day(
    database: Database,
    ledger: Ledger,
    day: str | date,
    run_id: str,
    everything: bool = False,
    *,
    now: datetime | None = None,
) -> LoadReport:
    """Load the pending snapshots of a UTC day, or all of them again; see `snapshots.loading.load_day`."""
    return loading.load_day(database, ledger, REGISTERS, RegisterTables(), day, run_id, everything, now=now)


def _board_rows(snapshot: RegisterSnapshot) -> Iterator[tuple[Any, ...]]:
    digests = {table.kind: table.digest for table in snapshot.tables}
    for board in snapshot.boards:
        errors = {name: dict(error) for name, error in board.errors.items()}
        yield (
            snapshot.cycle,
            board.board,
            board.status,
            board.sampled_at,
            digests[board.kind],
            len(board.raw),
            len(errors),
            Json(errors) if errors else None,
        )


def _definitions(digest: str, table: RegisterTable) -> Iterator[tuple[Any, ...]]:
    for register in table.register_:
        place = register.command or f"0x{register.address:04X}"
        low, high = register.valid or (None, None)
        named = (digest, register.name, table.kind, register.description)
        yield (*named, place, register.unit, low, high, None, register.every)
        for one in register.field:
            bits = f"{place} bits {one.bits[0]}-{one.bits[1]}"
            named = (digest, f"{register.name}.{one.name}", table.kind, register.description)
            yield (*named, bits, "", None, None, one.expected, register.every)
