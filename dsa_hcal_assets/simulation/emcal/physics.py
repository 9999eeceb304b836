"""What the sensors behind an interface board show at a given time; all follows from a seed.

SiPM temperatures follow the cooling, the height in the barrel and day and night; pre-amplifiers are
warmer by what they dissipate; leakage grows with dose and doubles every few degrees. A few SiPMs
are dead: their leakage is zero.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.hcal.emcal.geometry import SECTORS, TOWERS_PER_BOARD
from dsa_hcal_assets.simulation.boards.physics import generator

BLOCKS = 16  # of 2 x 2 towers with a SiPM sensor and a pre-amplifier sensor each

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_DAY = 86400.0
_MEAN_TEMPERATURE = 21.0  # deg C
_PREAMP_EXCESS = 6.5  # deg C
_UP_DOWN = 0.4  # deg C, warmer at the top
_DAY_NIGHT = 0.15  # deg C
_LEAKAGE_GROWTH = 2.0e-3  # per day of dose, relative to the start
_LEAKAGE_DOUBLING = 8.0  # deg C
_DEAD = 0.002  # share of SiPMs

Values = NDArray[np.float64]


@dataclass(frozen=True)
class BoardTruth:
    """What the sensors of one interface board show.

    Parameters
    ----------
    sipm, preamp
        deg C, float64[16], by block of four channels.
    leakage
        uA, float64[64], by channel.
    bias, lv_positive, lv_negative
        V.
    """

    sipm: Values
    preamp: Values
    leakage: Values
    bias: float
    lv_positive: float
    lv_negative: float


def truth(seed: int, sector: int, board: int, moment: datetime) -> BoardTruth:
    """Return what the sensors of an interface board show at `moment`, bias on."""
    fixed = _fixed(seed, sector, board)
    days = (require_utc(moment) - _EPOCH).total_seconds() / _DAY
    phi = 2 * math.pi * (sector % (SECTORS // 2)) / (SECTORS // 2)
    common = _MEAN_TEMPERATURE + _UP_DOWN * math.sin(phi) + _DAY_NIGHT * math.sin(2 * math.pi * (days - 0.4))
    sipm = common + fixed.sipm
    at_channel = np.repeat(sipm, TOWERS_PER_BOARD // BLOCKS)
    growth = max(0.0, 1 + _LEAKAGE_GROWTH * days) * 2 ** ((at_channel - 21.0) / _LEAKAGE_DOUBLING)
    return BoardTruth(
        sipm,
        sipm + _PREAMP_EXCESS + fixed.preamp,
        fixed.leakage * growth,
        fixed.bias,
        fixed.lv_positive,
        fixed.lv_negative,
    )


@lru_cache(maxsize=1024)
def _fixed(seed: int, sector: int, board: int) -> BoardTruth:
    """Return what does not change: scatter of the sensors, leakage at the start, voltages."""
    random = generator(seed, "emcal", sector, board)
    alive = random.random(TOWERS_PER_BOARD) >= _DEAD
    return BoardTruth(
        sipm=np.clip(random.normal(0, 0.1, BLOCKS), -0.3, 0.3),
        preamp=np.clip(random.normal(0, 0.3, BLOCKS), -0.9, 0.9),
        leakage=np.where(alive, random.uniform(2.0, 8.0, TOWERS_PER_BOARD), 0.0),
        bias=round(float(random.uniform(65.0, 67.0)), 3),
        lv_positive=round(float(random.normal(6.4, 0.01)), 3),
        lv_negative=round(float(random.normal(-6.6, 0.01)), 3),
    )
