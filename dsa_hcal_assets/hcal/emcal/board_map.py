"""Which interface board sits behind which channel of which controller, and since when.

The map is data. A CSV file (``#`` starts a comment line) has one row a board::

    valid_from,valid_to,controller,channel,sector,interface_board

Times are UTC days or ISO times, `valid_to` exclusive and empty while the row holds. At every time
between the first `valid_from` and the last `valid_to` the rows in force must map one to one onto
all 384 boards, so that a lost row is found when the file is read and not in a plot.
"""

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from itertools import pairwise
from pathlib import Path

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.hcal.emcal.controllers import CHANNELS
from dsa_hcal_assets.hcal.emcal.geometry import BOARDS, BOARDS_PER_SECTOR, SECTORS, board_name
from dsa_hcal_assets.hcal.mapping.channel_map import (
    FOREVER,
    ChannelMapError,
    MapNotValid,
    NotABijection,
    OverlappingValidity,
)

COLUMNS = ("valid_from", "valid_to", "controller", "channel", "sector", "interface_board")
HEAD = """\
# ASSUMPTION, not a measured map: replace this file by the real one (DSA_HCAL_HCAL__EMCAL_BOARD_MAP_FILE).
# Assumed: one controller a sector, named S00-S63, whose channels 0-5 are the sector's interface boards.
# valid_from is inclusive, valid_to exclusive, both UTC; an empty valid_to means: still valid.
"""
_REMEDY = "extend the validity in the board map file, then release the snapshot"


@dataclass(frozen=True)
class BoardRow:
    """One line of the map: a controller's channel is an interface board for a time."""

    valid_from: datetime
    valid_to: datetime
    controller: str
    channel: int
    sector: int
    interface_board: int


@dataclass(frozen=True, eq=False)
class BoardEpoch:
    """The map between two changes: half-open interval [valid_from, valid_to).

    Parameters
    ----------
    boards
        (sector, interface board) by (controller, channel).
    """

    valid_from: datetime
    valid_to: datetime
    boards: Mapping[tuple[str, int], tuple[int, int]]


@dataclass(frozen=True, eq=False)
class BoardMap:
    """All epochs of a map in order of time, its rows, and the digest that identifies it."""

    epochs: tuple[BoardEpoch, ...]
    rows: tuple[BoardRow, ...]
    digest: str

    def at(self, moment: datetime) -> BoardEpoch:
        """Return the epoch in force at `moment` (aware).

        Raises
        ------
        MapNotValid
            If the map begins later or has ended.
        """
        moment = require_utc(moment)
        for epoch in self.epochs:
            if epoch.valid_from <= moment < epoch.valid_to:
                return epoch
        raise MapNotValid(
            f"no EMCal board map for {moment.isoformat()}",
            expected=f"a time from {self.epochs[0].valid_from.isoformat()} on",
            found=moment.isoformat(),
            remedy=_REMEDY,
        )


def shipped_path() -> Path:
    """Return the path of the map that comes with the package (an assumption, see its head)."""
    return Path(str(resources.files("dsa_hcal_assets.hcal.emcal") / "board_map.csv"))


def load_board_map(path: Path | None = None) -> BoardMap:
    """Read and check a board map; None takes the one shipped.

    Raises
    ------
    ChannelMapError
        As `OverlappingValidity`, `NotABijection`, or itself for an unreadable file or line.
    """
    path = path or shipped_path()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ChannelMapError(
            f"EMCal board map {path} cannot be read",
            found=str(error),
            remedy="check DSA_HCAL_HCAL__EMCAL_BOARD_MAP_FILE",
        ) from error
    rows = _parse(path, text)
    edges = sorted({edge for row in rows for edge in (row.valid_from, row.valid_to)})
    epochs = tuple(
        _epoch(path, start, end, [row for row in rows if row.valid_from <= start and end <= row.valid_to])
        for start, end in pairwise(edges)
    )
    return BoardMap(epochs, rows, hashlib.sha256(text.encode()).hexdigest())


def _parse(path: Path, text: str) -> tuple[BoardRow, ...]:
    numbered = [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.startswith("#")
    ]
    reader = csv.reader(line for _, line in numbered)
    if tuple(next(reader, ())) != COLUMNS:
        raise ChannelMapError(f"EMCal board map {path}: wrong header", expected=",".join(COLUMNS))
    rows = []
    for (number, line), fields in zip(numbered[1:], reader, strict=True):
        try:
            rows.append(_row(fields))
        except ValueError as error:
            raise ChannelMapError(f"EMCal board map {path}, line {number}: {error}", found=line) from error
    if not rows:
        raise NotABijection(f"EMCal board map {path} has no rows", expected=f"{BOARDS} boards")
    return tuple(rows)


def _row(fields: Sequence[str]) -> BoardRow:
    if len(fields) != len(COLUMNS):
        raise ValueError(f"{len(COLUMNS)} columns are required")
    start, end, controller = fields[:3]
    channel, sector, board = (int(field) for field in fields[3:])
    if not controller or not 0 <= channel < CHANNELS:
        raise ValueError(f"a controller and a channel 0-{CHANNELS - 1} are required")
    if not (0 <= sector < SECTORS and 0 <= board < BOARDS_PER_SECTOR):
        raise ValueError(f"sector 0-{SECTORS - 1} and board 0-{BOARDS_PER_SECTOR - 1} are required")
    row = BoardRow(_moment(start), _moment(end) if end else FOREVER, controller, channel, sector, board)
    if row.valid_from >= row.valid_to:
        raise ValueError("valid_from must be before valid_to")
    return row


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return require_utc(moment) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _epoch(path: Path, start: datetime, end: datetime, rows: list[BoardRow]) -> BoardEpoch:
    since = f"EMCal board map {path}, in force from {start.isoformat()}"
    boards: dict[tuple[str, int], tuple[int, int]] = {}
    place_of: dict[tuple[int, int], tuple[str, int]] = {}
    for row in rows:
        place, board = (row.controller, row.channel), (row.sector, row.interface_board)
        if place in boards:
            raise OverlappingValidity(f"{since}: {row.controller}/{row.channel} is two boards")
        if board in place_of:
            raise OverlappingValidity(f"{since}: board {board_name(*board)} is in two places")
        boards[place], place_of[board] = board, place
    if len(boards) != BOARDS:
        raise NotABijection(
            f"{since}: not one to one onto all boards",
            expected=f"{BOARDS} boards",
            found=f"{len(boards)}",
        )
    return BoardEpoch(start, end, boards)
