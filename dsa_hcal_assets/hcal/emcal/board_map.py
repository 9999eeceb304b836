"""Which interface board sits behind which channel of which controller, and since when.

The map is data. A CSV file (``#`` starts a comment line) has one row a board::

    valid_from,valid_to,controller,channel,sector,interface_board

Times are UTC days or ISO times, `valid_to` exclusive and empty while the row holds. At every time
between the first `valid_from` and the last `valid_to` the rows in force must map one to one onto
all 384 boards, so that a lost row is found when the file is read and not in a plot.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path

from dsa_hcal_assets.hcal.emcal.controllers import CHANNELS
from dsa_hcal_assets.hcal.emcal.geometry import BOARDS, BOARDS_PER_SECTOR, SECTORS, board_name
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMapError, NotABijection, OverlappingValidity
from dsa_hcal_assets.hcal.mapping.validity import MapFile, epochs, period

COLUMNS = ("valid_from", "valid_to", "controller", "channel", "sector", "interface_board")
HEAD = """\
# ASSUMPTION, not a measured map: replace this file by the real one (DSA_HCAL_HCAL__EMCAL_BOARD_MAP_FILE).
# Assumed: one controller a sector, named S00-S63, whose channels 0-5 are the sector's interface boards.
# valid_from is inclusive, valid_to exclusive, both UTC; an empty valid_to means: still valid.
"""
_FILE = MapFile("EMCal board map", "DSA_HCAL_HCAL__EMCAL_BOARD_MAP_FILE", COLUMNS, ChannelMapError)


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
        return _FILE.in_force(self.epochs, moment)


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
    text = _FILE.read(path)
    rows = tuple(row for _, row in _FILE.rows(text, str(path), _row))
    if not rows:
        raise NotABijection(f"EMCal board map {path} has no rows", expected=f"{BOARDS} boards")
    mapped = tuple(_epoch(path, *one) for one in epochs(rows))
    return BoardMap(mapped, rows, hashlib.sha256(text.encode()).hexdigest())


def _row(record: dict[str, str]) -> BoardRow:
    controller = record["controller"]
    channel, sector, board = (int(record[name]) for name in ("channel", "sector", "interface_board"))
    if not controller or not 0 <= channel < CHANNELS:
        raise ValueError(f"a controller and a channel 0-{CHANNELS - 1} are required")
    if not (0 <= sector < SECTORS and 0 <= board < BOARDS_PER_SECTOR):
        raise ValueError(f"sector 0-{SECTORS - 1} and board 0-{BOARDS_PER_SECTOR - 1} are required")
    return BoardRow(*period(record), controller, channel, sector, board)


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
