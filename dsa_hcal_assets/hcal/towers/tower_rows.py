"""From a snapshot to rows of towers: which value goes where, as one numpy array.

Belongs here: applying the channel map, and the bytes PostgreSQL's binary COPY takes. Not here:
transactions (loading.py) and the map itself (channel_map.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.hcal.controllers.protocol import EVERY_CYCLE
from dsa_hcal_assets.hcal.controllers.readings import TOWERS, BoardReading, ChannelReading, Snapshot
from dsa_hcal_assets.hcal.mapping.channel_map import MapEpoch

REALS = ("temperature", "leakage", "bias_offset", "bias", "lv_positive", "lv_negative")
GAINS = ("normal", "high")  # labels of hcal.gain_mode, at their codes
GAIN_UNREAD = -1
_EVERY_CYCLE = frozenset(reading.label for reading in EVERY_CYCLE)
ROW = np.dtype(
    [("ts", "i8"), *((name, "f4") for name in REALS), ("gain", "i1"), ("tower_id", "i2")],
)
COPY_COLUMNS = ("ts", *REALS, "gain", "tower_id")

_POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
_COPY_END = b"\xff\xff"
_NULL = -1
_WIRE = np.dtype(
    [("fields", ">i2"), ("ts_length", ">i4"), ("ts", ">i8")]
    + [field for name in REALS for field in ((f"{name}_length", ">i4"), (name, ">f4"))]
    + [("gain_length", ">i4"), ("gain", "S6"), ("tower_id_length", ">i4"), ("tower_id", ">i2")]
)


@dataclass(frozen=True, eq=False)
class TowerRows:
    """The towers of one snapshot.

    Parameters
    ----------
    rows
        `ROW` records, one a tower whose board delivered anything, in order of tower_id (as the table's
        key: it then grows at its end); NaN and `GAIN_UNREAD`: not read.
        `ts` in microseconds since 2000-01-01 UTC, PostgreSQL's own count.
    unmapped
        Boards of the snapshot that the map does not know; nothing of them is in `rows`.
    """

    rows: NDArray[np.void]
    unmapped: tuple[str, ...]

    @property
    def towers_read(self) -> int:
        """Towers with a temperature."""
        return int(np.isfinite(self.rows["temperature"]).sum())


def postgres_time(moment: datetime) -> int:
    """Return microseconds since 2000-01-01 UTC, exactly."""
    return (moment - _POSTGRES_EPOCH) // timedelta(microseconds=1)


def tower_rows(snapshot: Snapshot, epoch: MapEpoch) -> TowerRows:
    """Return the rows of a snapshot under the map in force at its time.

    A board that is down has no rows; a reading that failed on a board that answered is NaN.
    """
    channels: list[ChannelReading] = []
    towers, unmapped = [], []
    for board in snapshot.boards:
        served = epoch.towers_of(board.board)
        if served is None:
            unmapped.append(board.board)
        elif board.status != "down":
            channels += board.channels
            towers += [served[channel.channel] for channel in board.channels]
    rows = np.zeros((len(channels), TOWERS), ROW)
    if channels:
        _fill(rows, channels, np.stack(towers))
    rows["ts"] = postgres_time(snapshot.cycle)
    flat = rows.reshape(-1)
    return TowerRows(flat[np.argsort(flat["tower_id"])], tuple(unmapped))


def failed_readings(board: BoardReading) -> int:
    """Return how many of the readings of every cycle failed (five a channel)."""
    return sum(len(channel.errors.keys() & _EVERY_CYCLE) for channel in board.channels)


def copy_bytes(rows: NDArray[np.void]) -> bytes:
    """Return `ROW` records as a binary COPY of `COPY_COLUMNS`, unread values as NULL."""
    wire = np.empty(len(rows), _WIRE)
    wire["fields"] = len(COPY_COLUMNS)
    wire["ts_length"], wire["ts"] = 8, rows["ts"]
    wire["tower_id_length"], wire["tower_id"] = 2, rows["tower_id"]
    unused: list[tuple[NDArray[np.bool_], slice]] = []
    for name in REALS:
        null = np.isnan(rows[name])
        wire[f"{name}_length"] = np.where(null, _NULL, 4)
        wire[name] = rows[name]
        unused.append((null, _end_of(name, 0)))
    for code, label in ((GAIN_UNREAD, ""), *enumerate(GAINS)):
        chosen = rows["gain"] == code
        # an enum travels as its label, so the field's length depends on its value
        wire["gain_length"][chosen] = len(label) or _NULL
        wire["gain"][chosen] = label.encode()
        if len(label) < _WIRE["gain"].itemsize:
            unused.append((chosen, _end_of("gain", len(label))))
    return _COPY_HEADER + _without(wire, unused) + _COPY_END


def _end_of(name: str, used: int) -> slice:
    """Return where the bytes of field `name` after the first `used` lie in a wire record."""
    start = _WIRE.fields[name][1] if _WIRE.fields else 0
    return slice(start + used, start + _WIRE[name].itemsize)


def _without(wire: NDArray[np.void], unused: Sequence[tuple[NDArray[np.bool_], slice]]) -> bytes:
    """Return the bytes of the records, without those that some of them do not use."""
    present = [(chosen, where) for chosen, where in unused if chosen.any()]
    if not present:  # the usual case: everything read, gain normal
        return wire.tobytes()
    records = wire.view(np.uint8).reshape(len(wire), _WIRE.itemsize)
    kept = np.ones(records.shape, dtype=bool)
    for chosen, where in present:
        kept[chosen, where] = False
    body: bytes = records[kept].tobytes()
    return body


def _fill(rows: NDArray[np.void], channels: Sequence[ChannelReading], towers: NDArray[np.int16]) -> None:
    rows["tower_id"] = towers
    rows["temperature"] = [channel.temperature for channel in channels]
    rows["leakage"] = [channel.leakage for channel in channels]
    rows["bias_offset"] = [channel.offset for channel in channels]
    for name in ("bias", "lv_positive", "lv_negative"):
        rows[name] = np.array([getattr(channel, name) for channel in channels])[:, np.newaxis]
    gains = [GAIN_UNREAD if channel.gain is None else GAINS.index(channel.gain) for channel in channels]
    rows["gain"] = np.array(gains)[:, np.newaxis]
