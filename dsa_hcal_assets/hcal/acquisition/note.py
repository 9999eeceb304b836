"""What an acquisition says of itself, in a small file beside its snapshots, for whoever watches it.

It is rewritten after every cycle, database or not. An acquisition that hangs or died is told by the
note's age.
"""

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.hcal.acquisition.board_log import BoardHealth
from dsa_hcal_assets.hcal.snapshots.spool import NOTE

_LARGEST = 2**20  # bytes


@dataclass(frozen=True)
class AcquisitionNote:
    """State of an acquisition after a cycle.

    Parameters
    ----------
    at
        When it was written, aware UTC.
    acquisition_id
        The acquisition process.
    period
        Time between the starts of the last two cycles, s; None after the first.
    taken, written
        Snapshots taken, and those that are on disk, since it started.
    waiting, limit
        Snapshots in memory that could not be written yet, and how many may be.
    given_up
        Snapshots lost because too many waited.
    trouble
        Why snapshots cannot be written at present.
    boards
        Number of boards by status.
    unhealthy
        The boards that are not read completely.
    """

    at: datetime
    acquisition_id: str
    period: float | None
    taken: int
    written: int
    waiting: int
    limit: int
    given_up: int
    trouble: str | None
    boards: dict[str, int]
    unhealthy: Sequence[BoardHealth]


def write_note(directory: Path, note: AcquisitionNote) -> None:
    """Write the note of the acquisition that writes into `directory`; never raises.

    A note that cannot be written grows old, which says as much. It is written in place: on a disk
    that is full, when it matters most, a new file would find no room.
    """
    text = json.dumps(asdict(note), default=datetime.isoformat).encode()
    with contextlib.suppress(OSError):
        descriptor = os.open(directory / NOTE, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            os.pwrite(descriptor, text, 0)
            os.ftruncate(descriptor, len(text))
        finally:
            os.close(descriptor)


def remove_note(directory: Path) -> None:
    """Remove the note of an acquisition that ended in order; nobody waits for its next cycle."""
    with contextlib.suppress(OSError):
        (directory / NOTE).unlink(missing_ok=True)


def read_note(directory: Path) -> AcquisitionNote | None:
    """Return the note in `directory`; None if there is none, or if it is just being written."""
    try:
        with (directory / NOTE).open("rb") as file:
            values = json.loads(file.read(_LARGEST))
        unhealthy = [
            BoardHealth(**board | {"since": _time(board["since"])}) for board in values.pop("unhealthy")
        ]
        return AcquisitionNote(**values | {"at": _time(values["at"])}, unhealthy=unhealthy)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _time(text: str) -> datetime:
    return require_utc(datetime.fromisoformat(text))
