"""A logger's growing CSV file, delivered in pieces: each row once, whatever stops in between.

Belongs here: which bytes have been delivered. Not here: what the rows say; a piece with a broken row is
judged, and kept, where all files of the rig are (ingest).
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.daq.durable_file import make_directory, replace_durably, write_durably
from dsa_hcal_assets.errors import BadInput, TransientError
from dsa_hcal_assets.rig.acquisition import PREFIX, SUFFIX

_NAME_TIME = "%Y%m%dT%H%M%S%f"


class LogUnavailable(TransientError):
    """The logger's file is not there, or cannot be read now."""


class PlaceUnreadable(BadInput):
    """The note of what has been delivered is damaged."""


@dataclass(frozen=True)
class Place:
    """How far a log has been delivered.

    Attributes
    ----------
    inode
        Of the file; another one under the same name is a new log, read from its beginning.
    delivered
        Bytes delivered, header included.
    pending_end, pending_name
        A piece that is about to be delivered: noted first, so that after a crash it is written again
        under its name with the same rows, and is not cut differently.
    """

    inode: int = 0
    delivered: int = 0
    pending_end: int = 0
    pending_name: str = ""


@dataclass(frozen=True)
class Delivered:
    """A file that was delivered, and what is in it."""

    path: Path
    content: bytes


class LogFollower:
    """Delivers the rows a logger appends to `log` as files in `directory`.

    Parameters
    ----------
    log
        CSV with a header line; only ever appended to, or replaced by a new file. Rows that were not
        delivered when it was replaced stay in the old file: turn logs over while the follower runs.
    directory
        The rig's incoming directory.
    note
        Small file that remembers how far `log` has been delivered.
    most_bytes
        Largest piece; more rows go into further pieces.
    """

    def __init__(self, log: Path, directory: Path, note: Path, most_bytes: int = 8 * 2**20) -> None:
        self._log, self._directory, self._note = log, directory, note
        self._most = most_bytes
        self._place = _read_note(note)

    def deliver(self) -> Delivered | None:
        """Deliver the rows that have been completed since the last call, as one file; None without any.

        Raises
        ------
        LogUnavailable
            If the log cannot be read; nothing is lost, the next call goes on where this one began.
        DiskFull, WriteFailed
            If the piece or the note cannot be written; likewise.
        """
        make_directory(self._directory)
        try:
            with self._log.open("rb") as log:
                inode = self._log.stat().st_ino
                header = log.readline()
                return self._piece(log.fileno(), inode, header) if header.endswith(b"\n") else None
        except OSError as error:
            raise LogUnavailable(
                f"the rig's log {self._log} cannot be read",
                found=str(error),
                kept="what the logger writes stays in its file",
                remedy="check the logger and the path",
            ) from error

    def _piece(self, log: int, inode: int, header: bytes) -> Delivered | None:
        size = os.fstat(log).st_size
        place = self._place
        if place.inode != inode or size < place.delivered:
            place = Place(inode, len(header))
        if not place.pending_name:
            rows = os.pread(log, self._most, place.delivered)
            end = place.delivered + rows.rfind(b"\n") + 1
            if end == place.delivered:
                return None
            name = f"{PREFIX}{utc_now().strftime(_NAME_TIME)}-{place.delivered}-{end}{SUFFIX}"
            place = self._noted(Place(inode, place.delivered, end, name))
        rows = os.pread(log, place.pending_end - place.delivered, place.delivered)
        path = self._directory / place.pending_name
        content = header + rows
        write_durably(path, content)
        self._noted(Place(inode, place.pending_end))
        return Delivered(path, content)

    def _noted(self, place: Place) -> Place:
        replace_durably(self._note, json.dumps(asdict(place)).encode())
        self._place = place
        return place


def _read_note(note: Path) -> Place:
    if not note.exists():
        return Place()
    try:
        return Place(**json.loads(note.read_bytes()))
    except (ValueError, TypeError) as error:
        raise PlaceUnreadable(
            f"{note} does not say how far the rig's log has been delivered",
            found=str(error),
            remedy="remove it to deliver the log from its beginning; rows delivered before are recognised",
        ) from error
