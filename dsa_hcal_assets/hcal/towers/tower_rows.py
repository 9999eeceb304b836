"""From a snapshot to rows of towers: which value goes where, as one numpy array.

Belongs here: applying the channel map. Not here: transactions (loading.py), the bytes of a COPY
(database/binary_copy.py) and the map itself (channel_map.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.database.binary_copy import postgres_time
from dsa_hcal_assets.hcal.controllers.protocol import EVERY_CYCLE
from dsa_hcal_assets.hcal.controllers.readings import TOWERS, BoardReading, ChannelReading, Snapshot
from dsa_hcal_assets.hcal.mapping.channel_map import MapEpoch

REALS = ("temperature", "leakage", "bias_offset", "bias", "lv_positive", "lv_negative")
_EVERY_CYCLE = frozenset(reading.label for reading in EVERY_CYCLE)
ROW = np.dtype(
    [("ts", "i8"), *((name, "f4") for name in REALS), ("gain", "S6"), ("tower_id", "i2")],
)
COPY_COLUMNS = ("ts", *REALS, "gain", "tower_id")


@dataclass(frozen=True, eq=False)
class TowerRows:
    """The towers of one snapshot.

    Parameters
    ----------
    rows
        `ROW` records, one a tower whose board delivered anything, in order of tower_id (as the table's
        key: it then grows at its end). `gain` is its label; NaN and an empty label: not read.
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


def _fill(rows: NDArray[np.void], channels: Sequence[ChannelReading], towers: NDArray[np.int16]) -> None:
    rows["tower_id"] = towers
    rows["temperature"] = [channel.temperature for channel in channels]
    rows["leakage"] = [channel.leakage for channel in channels]
    rows["bias_offset"] = [channel.offset for channel in channels]
    for name in ("bias", "lv_positive", "lv_negative"):
        rows[name] = np.array([getattr(channel, name) for channel in channels])[:, np.newaxis]
    rows["gain"] = np.array([(channel.gain or "").encode() for channel in channels])[:, np.newaxis]
