"""Channel map: which tower each value of a controller's reply belongs to, and since when.

Belongs here: reading, checking and looking up the map by time. Not here: how the shipped map was
made (assumed_map.py) and tower identities (geometry.py).

The map is data. A CSV file (``#`` starts a comment line) has one row a value::

    valid_from,valid_to,board,channel,value,detector,ieta,iphi

Times are UTC days or ISO times, `valid_to` exclusive and empty while the row holds. Swapping a
cable is a `valid_to` on the old rows and new rows from then on. At every time between the first
`valid_from` and the last `valid_to` the rows in force must map the values one to one onto all
3072 towers, so that a lost row is found when the file is read and not in a plot.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.hcal.controllers.readings import CHANNELS, TOWERS
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.validity import MapFile, epochs, period

COLUMNS = ("valid_from", "valid_to", "board", "channel", "value", "detector", "ieta", "iphi")
DETECTORS = {"outer": geometry.Detector.OUTER, "inner": geometry.Detector.INNER}
BOARDS = tuple(str(number) for rack in (80, 90) for number in range(rack, rack + 8))


class ChannelMapError(ConfigurationError):
    """A channel map file cannot be used; the message names file and line."""


class UnknownBoard(ChannelMapError):
    """The map names a board the detector does not have."""


class OverlappingValidity(ChannelMapError):
    """At some time one value has two towers, or one tower two values."""


class NotABijection(ChannelMapError):
    """At some time the rows in force do not cover every tower."""


_FILE = MapFile("channel map", "DSA_HCAL_HCAL__CHANNEL_MAP_FILE", COLUMNS, ChannelMapError)


@dataclass(frozen=True)
class MapRow:
    """One line of the map: a value of a board's channel belongs to a tower for a time."""

    valid_from: datetime
    valid_to: datetime
    board: str
    channel: int
    value: int
    tower_id: int


@dataclass(frozen=True, eq=False)
class MapEpoch:
    """The map between two changes: half-open interval [valid_from, valid_to).

    Parameters
    ----------
    boards
        The boards that are mapped.
    tower_ids
        int16[boards, 8 channels, 24 values]: the tower of each value.
    """

    valid_from: datetime
    valid_to: datetime
    boards: tuple[str, ...]
    tower_ids: NDArray[np.int16]

    def towers_of(self, board: str) -> NDArray[np.int16] | None:
        """Return the towers of a board's values, int16[8, 24], or None for an unmapped board."""
        return self.tower_ids[self.boards.index(board)] if board in self.boards else None


@dataclass(frozen=True, eq=False)
class ChannelMap:
    """All epochs of a map in order of time, its rows, its file's text and the digest that identifies it."""

    epochs: tuple[MapEpoch, ...]
    rows: tuple[MapRow, ...] = field(repr=False)
    text: str = field(repr=False)
    digest: str

    def at(self, moment: datetime) -> MapEpoch:
        """Return the epoch in force at `moment` (aware).

        Raises
        ------
        MapNotValid
            If the map begins later or has ended.
        """
        return _FILE.in_force(self.epochs, moment)


def shipped_path() -> Path:
    """Return the path of the map that comes with the package (an assumption, see its head)."""
    return Path(str(resources.files("dsa_hcal_assets.hcal.mapping") / "channel_map.csv"))


def load_channel_map(path: Path | None = None, boards: Iterable[str] = BOARDS) -> ChannelMap:
    """Read and check a channel map.

    Parameters
    ----------
    path
        The CSV file; None takes the one shipped.
    boards
        The boards the detector has.

    Raises
    ------
    ChannelMapError
        As `UnknownBoard`, `OverlappingValidity`, `NotABijection`, or itself for an unreadable
        file or line.
    """
    path = path or shipped_path()
    return parse_channel_map(_FILE.read(path), str(path), boards)


def parse_channel_map(text: str, place: str, boards: Iterable[str] | None = None) -> ChannelMap:
    """Return the map a file holds; `place` is named in errors.

    Parameters
    ----------
    boards
        The boards the detector has; None takes any (a map of former times).

    Raises
    ------
    ChannelMapError
        As `load_channel_map`.
    """
    rows = _parse(place, text, None if boards is None else frozenset(boards))
    return ChannelMap(
        tuple(_epoch(place, *one) for one in epochs(rows)),
        rows,
        text,
        hashlib.sha256(text.encode()).hexdigest(),
    )


def _parse(path: str, text: str, boards: frozenset[str] | None) -> tuple[MapRow, ...]:
    rows = []
    for line, row in _FILE.rows(text, path, _row):
        if boards is not None and row.board not in boards:
            raise UnknownBoard(
                f"{line}: unknown board {row.board!r}",
                expected=", ".join(sorted(boards)),
            )
        rows.append(row)
    if not rows:
        raise NotABijection(f"channel map {path} has no rows", expected=f"{geometry.HCAL_TOWERS} towers")
    return tuple(rows)


def _row(record: dict[str, str]) -> MapRow:
    channel, value = int(record["channel"]), int(record["value"])
    if not (0 <= channel < CHANNELS and 0 <= value < TOWERS):
        raise ValueError(f"channel 0-{CHANNELS - 1} and value 0-{TOWERS - 1} are required")
    valid_from, valid_to = period(record)
    ieta, iphi = int(record["ieta"]), int(record["iphi"])
    if not (0 <= ieta < geometry.ETA_BINS and 0 <= iphi < geometry.PHI_BINS):
        raise ValueError(f"ieta 0-{geometry.ETA_BINS - 1} and iphi 0-{geometry.PHI_BINS - 1} are required")
    tower = _tower_ids()[DETECTORS[record["detector"]], ieta, iphi]
    return MapRow(valid_from, valid_to, record["board"], channel, value, int(tower))


@cache
def _tower_ids() -> NDArray[np.int32]:
    """Return the tower of every place, int32[2 detectors, 24 eta, 64 phi]."""
    return geometry.tower_at(*np.indices((len(DETECTORS), geometry.ETA_BINS, geometry.PHI_BINS)))


def _epoch(path: str, start: datetime, end: datetime, rows: list[MapRow]) -> MapEpoch:
    since = f"channel map {path}, in force from {start.isoformat()}"
    boards = tuple(sorted({row.board for row in rows}))
    tower_ids = np.full((len(boards), CHANNELS, TOWERS), -1, dtype=np.int16)
    value_of_tower: dict[int, MapRow] = {}
    for row in rows:
        place = (boards.index(row.board), row.channel, row.value)
        if tower_ids[place] != -1:
            raise OverlappingValidity(f"{since}: value {_name(row)} has two towers")
        if row.tower_id in value_of_tower:
            other = value_of_tower[row.tower_id]
            raise OverlappingValidity(
                f"{since}: tower {row.tower_id} has two values, {_name(other)} and {_name(row)}"
            )
        tower_ids[place] = row.tower_id
        value_of_tower[row.tower_id] = row
    missing = geometry.HCAL_TOWERS - len(value_of_tower)
    if missing or (tower_ids == -1).any():
        raise NotABijection(
            f"{since}: not one to one onto all towers",
            expected=f"{geometry.HCAL_TOWERS} towers, {CHANNELS} x {TOWERS} values on each board",
            found=f"{missing} towers without a value, {int((tower_ids == -1).sum())} values without a tower",
        )
    tower_ids.flags.writeable = False
    return MapEpoch(start, end, boards, tower_ids)


def _name(row: MapRow) -> str:
    return f"{row.board}/{row.channel}/{row.value}"
