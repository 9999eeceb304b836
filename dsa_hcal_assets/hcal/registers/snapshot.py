"""The snapshot file ``dsa-register-snapshot/1``: raw bits, a block a board, the tables in the header.

With its tables a file explains itself for good, whatever becomes of the installation's own.
"""

import json
from pathlib import Path
from typing import Any

from dsa_hcal_assets.hcal.registers.readings import BoardRegisters, RegisterSnapshot
from dsa_hcal_assets.hcal.registers.table import RegisterTable
from dsa_hcal_assets.hcal.snapshots.block_file import building_from, encode_blocks, read_blocks
from dsa_hcal_assets.hcal.snapshots.cycle import cycle_fields, error_record, integer, moment, text
from dsa_hcal_assets.hcal.snapshots.source import SnapshotSource

FORMAT = "dsa-register-snapshot/1"


def encode(snapshot: RegisterSnapshot) -> bytes:
    """Return the bytes of the file of `snapshot`."""
    header = snapshot.header([board.board for board in snapshot.boards])
    tables = [json.loads(table.as_json()) for table in snapshot.tables]
    return encode_blocks(FORMAT, header | {"tables": tables}, [_block(board) for board in snapshot.boards])


def read_snapshot(path: Path) -> RegisterSnapshot:
    """Read a snapshot file and verify every checksum.

    Raises
    ------
    SnapshotUnreadable
        As the subclass that says what is wrong, see `snapshots.block_file`.
    OSError
        If the file cannot be opened.
    """
    header, blocks = read_blocks(path, FORMAT)
    with building_from(path):
        boards = tuple(_board(block) for block in blocks)
        fields = cycle_fields(header, [board.board for board in boards])
        tables = tuple(RegisterTable.model_validate(table) for table in header["tables"])
        return RegisterSnapshot(**fields, tables=tables, boards=boards)


REGISTERS = SnapshotSource("registers", encode, read_snapshot, (FORMAT,))


def _block(board: BoardRegisters) -> dict[str, Any]:
    return {
        "board": board.board,
        "kind": board.kind,
        "sampled_at": None if board.sampled_at is None else board.sampled_at.isoformat(),
        "raw": dict(board.raw),
        "errors": {name: dict(record) for name, record in board.errors.items()},
    }


def _board(block: dict[str, Any]) -> BoardRegisters:
    sampled_at = block["sampled_at"]
    return BoardRegisters(
        board=text(block["board"]),
        kind=text(block["kind"]),
        sampled_at=None if sampled_at is None else moment(sampled_at),
        raw={name: integer(raw) for name, raw in block["raw"].items()},
        errors={name: error_record(record) for name, record in block["errors"].items()},
    )
