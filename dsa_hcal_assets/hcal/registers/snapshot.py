"""The snapshot file ``dsa-register-snapshot/1``: raw bits, a block a board, the tables in the header.

With its tables a file explains itself for good, whatever becomes of the installation's own.
"""

import json
from typing import Any

from dsa_hcal_assets.hcal.registers.readings import BoardRegisters, RegisterSnapshot
from dsa_hcal_assets.hcal.registers.table import RegisterTable
from dsa_hcal_assets.hcal.snapshots.cycle import cycle_fields, error_record, integer, moment, text
from dsa_hcal_assets.hcal.snapshots.source import Parts, block_source

FORMAT = "dsa-register-snapshot/1"


def _parts(snapshot: RegisterSnapshot) -> Parts:
    header = snapshot.header([board.board for board in snapshot.boards])
    tables = [json.loads(table.as_json()) for table in snapshot.tables]
    return header | {"tables": tables}, [_block(board) for board in snapshot.boards]


def _snapshot(header: dict[str, Any], blocks: list[dict[str, Any]]) -> RegisterSnapshot:
    boards = tuple(_board(block) for block in blocks)
    fields = cycle_fields(header, [board.board for board in boards])
    tables = tuple(RegisterTable.model_validate(table) for table in header["tables"])
    return RegisterSnapshot(**fields, tables=tables, boards=boards)


REGISTERS = block_source("registers", (FORMAT,), _parts, _snapshot)
read_snapshot = REGISTERS.read


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
