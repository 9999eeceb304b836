"""The snapshot file of the supplies, ``dsa-hcal-supplies/1``: one acquisition cycle."""

import json
from typing import Any

from pydantic import TypeAdapter

from dsa_hcal_assets.hcal.snapshots.cycle import cycle_fields
from dsa_hcal_assets.hcal.snapshots.source import Parts, block_source
from dsa_hcal_assets.hcal.supplies.readings import CrateReading, SupplySnapshot

FORMAT = "dsa-hcal-supplies/1"
_CRATE = TypeAdapter(CrateReading)


def _parts(snapshot: SupplySnapshot) -> Parts:
    header = snapshot.header([board.board for board in snapshot.boards])
    return header, [_CRATE.dump_python(board, mode="json") for board in snapshot.boards]


def _snapshot(header: dict[str, Any], blocks: list[dict[str, Any]]) -> SupplySnapshot:
    # as JSON, which has neither times nor tuples: strict about everything else
    boards = tuple(_CRATE.validate_json(json.dumps(block)) for block in blocks)
    return SupplySnapshot(**cycle_fields(header, [board.board for board in boards]), boards=boards)


SUPPLIES = block_source("supplies", (FORMAT,), _parts, _snapshot)
encode, read_snapshot = SUPPLIES.encode, SUPPLIES.read
