"""What must be in the database after the campaign, worked out from what the boards said."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np

from dsa_hcal_assets.hcal.coverage import Reason
from dsa_hcal_assets.hcal.mapping.channel_map import MapEpoch
from dsa_hcal_assets_tests.hcal.campaign.detector import Readable, Said, real

CHANNELS, TOWERS, LEDS = 8, 24, 5
Tower = tuple[datetime, int, *tuple[object, ...]]
Gap = tuple[datetime, datetime, str | None, str, int]


def towers(said: Said, cycles: Sequence[datetime], epoch: MapEpoch) -> set[Tower]:
    """Return every row of `hcal.tower_reading`: time, tower, six quantities, gain.

    A board of which anything could be read has rows, with nothing where that reply could not be.
    """
    rows: set[Tower] = set()
    for cycle in cycles:
        for board in epoch.boards:
            if replies := said.of(cycle, board):
                served = epoch.towers_of(board)
                assert served is not None
                for channel in range(CHANNELS):
                    rows |= set(_half_sector(cycle, served[channel].tolist(), replies, channel))
    return rows


def _half_sector(
    cycle: datetime, served: list[int], replies: dict[str, Readable], channel: int
) -> Iterator[Tower]:
    def values(letters: str, count: int) -> list[float | None]:
        return real(replies.get(f"{letters}{channel}", [None] * count))

    lv_positive, bias, lv_negative = map(single, values("U", 3))
    [gain] = replies.get(f"A{channel}", [None])
    mode = {"Norm": "normal", "High": "high", None: None}[gain]
    columns = zip(served, values("T", TOWERS), values("I", TOWERS), values("GR", TOWERS), strict=True)
    for tower, temperature, leakage, offset in columns:
        yield (
            cycle,
            tower,
            single(temperature),
            single(leakage),
            single(offset),
            bias,
            lv_positive,
            lv_negative,
            mode,
        )


def leds(said: Said, cycles: Sequence[datetime], epoch: MapEpoch) -> set[tuple[object, ...]]:
    """Return every row of `hcal.led_reading` with a value: time, first tower, 5 intensities, 5 diodes."""
    rows: set[tuple[object, ...]] = set()
    for cycle in cycles:
        for board in epoch.boards:
            replies = said.of(cycle, board)
            served = epoch.towers_of(board)
            assert served is not None
            for channel in range(CHANNELS):
                found = [replies.get(f"{letters}{channel}") for letters in ("LR", "LA")]
                if any(values is not None for values in found):
                    values = [single(one) for some in found for one in real(some or [None] * LEDS)]
                    rows.add((cycle, int(served[channel].min()), *values))
    return rows


def single(value: float | None) -> float | None:
    """Return a value as the database keeps it, in single precision."""
    return None if value is None else float(np.float32(value))


def gaps(
    said: Said,
    cycles: Sequence[datetime],
    step: timedelta,
    start: datetime,
    end: datetime,
    boards: Sequence[str],
) -> list[Gap]:
    """Return the gap list: times without a snapshot, and boards of which a snapshot has nothing."""
    found: list[Gap] = []
    for one, after in pairwise([start - step, *cycles, end]):
        if (missing := round((after - one) / step) - 1) > 0:
            found.append((one + step, after, None, Reason.STOPPED.value, missing))
    follower = dict(zip(cycles, [*cycles[1:], cycles[-1] + step], strict=True))
    for board in boards:
        silent: list[datetime] = []
        for cycle in [*cycles, None]:
            if cycle is not None and not said.of(cycle, board):
                silent.append(cycle)
            elif silent:
                back = min(follower[silent[-1]], end)
                found.append((silent[0], back, board, Reason.DOWN.value, len(silent)))
                silent = []
    return sorted(found, key=lambda gap: (gap[0], gap[2] or "", gap[1]))
