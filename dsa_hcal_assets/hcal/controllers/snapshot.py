"""The snapshot file of the controllers, ``dsa-hcal-snapshot/2``: one acquisition cycle.

Format 2 added what is read now and then (LED intensities, PIN diodes, DAC settings); files of format 1
are read as snapshots in which none of it was asked for.
"""

from pathlib import Path

from dsa_hcal_assets.hcal.controllers import snapshot_json
from dsa_hcal_assets.hcal.controllers.readings import Snapshot
from dsa_hcal_assets.hcal.snapshots.block_file import building_from, encode_blocks, read_blocks
from dsa_hcal_assets.hcal.snapshots.source import SnapshotSource

FORMAT = "dsa-hcal-snapshot/2"
FIRST_FORMAT = "dsa-hcal-snapshot/1"


def encode(snapshot: Snapshot) -> bytes:
    """Return the bytes of the file of `snapshot`."""
    boards = [snapshot_json.board(board) for board in snapshot.boards]
    return encode_blocks(FORMAT, snapshot_json.header(snapshot), boards)


def read_snapshot(path: Path) -> Snapshot:
    """Read a snapshot file of either format and verify every checksum.

    Raises
    ------
    SnapshotUnreadable
        As the subclass that says what is wrong, see `snapshots.block_file`.
    OSError
        If the file cannot be opened.
    """
    header, boards = read_blocks(path, FORMAT, FIRST_FORMAT)
    with building_from(path):
        if header["format"] == FIRST_FORMAT:
            boards = [snapshot_json.of_first_format(board) for board in boards]
        return snapshot_json.snapshot(header, boards)


CONTROLLERS = SnapshotSource("hcal", encode, read_snapshot, (FORMAT, FIRST_FORMAT))
