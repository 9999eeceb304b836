"""The snapshot file of the supplies, ``dsa-hcal-supplies/1``: one acquisition cycle."""

import json
from pathlib import Path

from pydantic import TypeAdapter

from dsa_hcal_assets.hcal.snapshots.block_file import building_from, encode_blocks, read_blocks
from dsa_hcal_assets.hcal.snapshots.cycle import cycle_fields
from dsa_hcal_assets.hcal.snapshots.source import SnapshotSource
from dsa_hcal_assets.hcal.supplies.readings import CrateReading, SupplySnapshot

FORMAT = "dsa-hcal-supplies/1"
_CRATE = TypeAdapter(CrateReading)


def encode(snapshot: SupplySnapshot) -> bytes:
    """Return the bytes of the file of `snapshot`."""
    header = snapshot.header([board.board for board in snapshot.boards])
    return encode_blocks(
        FORMAT, header, [_CRATE.dump_python(board, mode="json") for board in snapshot.boards]
    )


def read_snapshot(path: Path) -> SupplySnapshot:
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
        # as JSON, which has neither times nor tuples: strict about everything else
        boards = tuple(_CRATE.validate_json(json.dumps(block)) for block in blocks)
        return SupplySnapshot(**cycle_fields(header, [board.board for board in boards]), boards=boards)


SUPPLIES = SnapshotSource("supplies", encode, read_snapshot, (FORMAT,))
