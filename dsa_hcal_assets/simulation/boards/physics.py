"""The detector behind the controllers: what each tower's sensors would show at a given time.

Everything follows from a seed and the time, so that a test can ask for the truth of any reading:
temperatures follow the cooling (inner detector warmer), the upper side of the barrel and day and
night; leakage grows with dose and temperature; offsets scatter about -300 within -2000 ... 1270.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.clock import require_utc

CHANNELS = 8
TOWERS = 24
EAST = tuple(str(number) for number in range(80, 88))
WEST = tuple(str(number) for number in range(90, 98))
BOARDS = EAST + WEST

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_DAY = 86400.0
_MEAN_TEMPERATURE = {"outer": 22.3, "inner": 24.45}  # deg C; ranges 21.4-23.2 and 23.5-25.4
_UP_DOWN = 0.35  # deg C, warmer at the top
_DAY_NIGHT = 0.12  # deg C
_LEAKAGE_GROWTH = 1.5e-3  # per day of dose, relative to the start
_LEAKAGE_DOUBLING = 8.0  # deg C

Values = NDArray[np.float64]


@dataclass(frozen=True)
class ChannelTruth:
    """What the sensors of one half-sector show: arrays float64[24]; deg C, uA, mV; voltages in V."""

    temperature: Values
    leakage: Values
    offset: Values
    bias: float
    lv_positive: float
    lv_negative: float


def detector_of(board: str) -> str:
    """Return `outer` or `inner`: the first four boards of each rack serve the outer detector."""
    return "outer" if int(board[-1]) < 4 else "inner"


def phi_of(board: str, channel: int) -> float:
    """Return the azimuth in radians of a half-sector: four sectors a board, two channels a sector.

    Board 80 (84 for the inner detector) serves sectors 8-11, the next one 12-15, and so on round.
    """
    position = int(board[-1]) % 4 + (0 if board[0] == "8" else 4)
    sector = (8 + 4 * position + channel // 2) % 32
    return 2 * math.pi * sector / 32


def truth(seed: int, board: str, channel: int, moment: datetime) -> ChannelTruth:
    """Return what the half-sector's sensors show at `moment` (offsets as tuned at the start)."""
    fixed = _fixed(seed, board, channel)
    days = (require_utc(moment) - _EPOCH).total_seconds() / _DAY
    temperature = (
        _MEAN_TEMPERATURE[detector_of(board)]
        + _UP_DOWN * math.sin(phi_of(board, channel))
        + _DAY_NIGHT * math.sin(2 * math.pi * (days - 0.4))
        + fixed.scatter
    )
    growth = max(0.0, 1 + _LEAKAGE_GROWTH * days) * 2 ** ((temperature - 22.0) / _LEAKAGE_DOUBLING)
    return ChannelTruth(
        temperature,
        fixed.leakage * growth,
        fixed.offset.copy(),
        fixed.bias,
        fixed.lv_positive,
        fixed.lv_negative,
    )


@dataclass(frozen=True)
class _Fixed:
    scatter: Values
    leakage: Values
    offset: Values
    bias: float
    lv_positive: float
    lv_negative: float


@lru_cache(maxsize=4096)
def _fixed(seed: int, board: str, channel: int) -> _Fixed:
    random = generator(seed, board, channel)
    # the ends of the barrel are a little cooler than its middle
    eta = np.arange(TOWERS, dtype=np.float64) // 2
    return _Fixed(
        scatter=np.asarray(
            0.15 - 0.02 * eta + np.clip(random.normal(0, 0.08, TOWERS), -0.2, 0.2), dtype=np.float64
        ),
        leakage=random.uniform(1.0, 4.0, TOWERS),
        offset=np.clip(np.round(random.normal(-300, 450, TOWERS)), -2000, 1270),
        bias=round(float(random.uniform(64.5, 66.4)), 3),
        lv_positive=round(float(random.normal(6.4, 0.01)), 3),
        lv_negative=round(float(random.normal(-6.6, 0.01)), 3),
    )


def generator(seed: int, *names: object) -> np.random.Generator:
    """Return a random generator that depends on `seed` and `names` only (not on the process)."""
    digest = hashlib.sha256(repr((seed, *names)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))
