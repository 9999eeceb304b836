"""The snapshot file of the controllers, ``dsa-hcal-snapshot/2``: one acquisition cycle.

Format 2 added what is read now and then (LED intensities, PIN diodes, DAC settings); files of format 1
are read as snapshots in which none of it was asked for.
"""

from typing import Any

from dsa_hcal_assets.hcal.controllers import snapshot_json
from dsa_hcal_assets.hcal.controllers.readings import Snapshot
from dsa_hcal_assets.hcal.snapshots.cycle import cycle_fields
from dsa_hcal_assets.hcal.snapshots.source import Parts, block_source

FORMAT = "dsa-hcal-snapshot/2"
FIRST_FORMAT = "dsa-hcal-snapshot/1"


def _parts(snapshot: Snapshot) -> Parts:
    header = snapshot.header([board.board for board in snapshot.boards])
    return header, [snapshot_json.board(board) for board in snapshot.boards]


def _snapshot(header: dict[str, Any], blocks: list[dict[str, Any]]) -> Snapshot:
    if header["format"] == FIRST_FORMAT:
        blocks = [snapshot_json.of_first_format(block) for block in blocks]
    boards = tuple(snapshot_json.reading(block) for block in blocks)
    return Snapshot(**cycle_fields(header, [board.board for board in boards]), boards=boards)


CONTROLLERS = block_source("hcal", (FORMAT, FIRST_FORMAT), _parts, _snapshot)
encode, read_snapshot = CONTROLLERS.encode, CONTROLLERS.read
