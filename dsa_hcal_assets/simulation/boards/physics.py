"""The detector behind the controllers: what each tower's sensors would show at a given time.

Everything follows from a seed and the time, so that a test can ask for the truth of any reading.
With `d` days since 2026-01-01 and `y` years, for the tower `e` steps (0-11) outwards from the middle:

- temperature, deg C: mean of the detector (the inner one is warmer), warmer at the top, day and night,
  cooler outwards, and a scatter of each tower's own;
- leakage, uA: its own start x (1 + 0.0015 d dose) x 2^((temperature - 22) / 8); dose rates grow from 1 to
  1.6 outwards, and are twice as high in the inner detector;
- gain of the SiPM relative to 22 deg C on the first day with the tuned offset: proportional to the
  over-voltage of 4 V, from which each degree takes 57 mV and to which each mV of offset adds one; times
  (1 + drift y), the tower's own drift about -2 % a year;
- bias offsets scatter about -300 within -2000 ... 1270, as once tuned;
- PIN diodes, ADC counts: their LED's intensity x their own coupling, less 2 % a year (LEDs age).

What happens to a detector beyond that (power cuts, dead towers) is in history.py.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.clock import require_utc

CHANNELS = 8
TOWERS = 24
LEDS = 5
EAST = tuple(str(number) for number in range(80, 88))
WEST = tuple(str(number) for number in range(90, 98))
BOARDS = EAST + WEST

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_DAY = 86400.0
_MEAN_TEMPERATURE = {"outer": 22.3, "inner": 24.45}  # deg C; ranges 21.4-23.2 and 23.5-25.4
_UP_DOWN = 0.35  # deg C, warmer at the top
_DAY_NIGHT = 0.12  # deg C
_LEAKAGE_GROWTH = 1.5e-3  # per day of dose, relative to the start
_LEAKAGE_DOUBLING = 8.0  # deg C
_DOSE = {"outer": 1.0, "inner": 2.0}
_DOSE_OUTWARDS = 0.6  # more at the ends of the barrel than in its middle
REFERENCE_TEMPERATURE = 22.0  # deg C
OVER_VOLTAGE = 4.0  # V
BREAKDOWN_SHIFT = 0.057  # V/deg C
_GAIN_DRIFT = (-0.02, 0.01)  # mean and scatter between towers, per year
_LED_AGEING = 0.02  # per year
_BRIGHTEST = 156.0  # ADC counts of a PIN diode
_FULL_INTENSITY = 3200.0  # DAC units
_YEAR = 365.25  # days

Values = NDArray[np.float64]


@dataclass(frozen=True)
class ChannelTruth:
    """What the sensors of one half-sector show: arrays float64[24]; deg C, uA, mV; voltages in V.

    `sipm_gain` is what LED amplitudes and energies are proportional to, 1 at the reference; nobody can
    ask a board for it. `led_intensity` are the 5 intensities in DAC units, as once set.
    """

    temperature: Values
    leakage: Values
    offset: Values
    bias: float
    lv_positive: float
    lv_negative: float
    sipm_gain: Values
    led_intensity: Values


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


def truth(
    seed: int, board: str, channel: int, moment: datetime, offset: Values | None = None
) -> ChannelTruth:
    """Return what the half-sector's sensors show at `moment`.

    Parameters
    ----------
    offset
        Bias offsets now set, mV, float64[24]; None: as once tuned.
    """
    fixed = _fixed(seed, board, channel)
    days = _days(moment)
    temperature = (
        _MEAN_TEMPERATURE[detector_of(board)]
        + _UP_DOWN * math.sin(phi_of(board, channel))
        + _DAY_NIGHT * math.sin(2 * math.pi * (days - 0.4))
        + fixed.scatter
    )
    growth = np.maximum(0.0, 1 + _LEAKAGE_GROWTH * fixed.dose * days)
    warmth = 2 ** ((temperature - REFERENCE_TEMPERATURE) / _LEAKAGE_DOUBLING)
    offset = fixed.offset.copy() if offset is None else offset.copy()
    over_voltage = (
        OVER_VOLTAGE
        - BREAKDOWN_SHIFT * (temperature - REFERENCE_TEMPERATURE)
        + (offset - fixed.offset) / 1000
    )
    return ChannelTruth(
        temperature,
        fixed.leakage * growth * warmth,
        offset,
        fixed.bias,
        fixed.lv_positive,
        fixed.lv_negative,
        np.maximum(0.0, over_voltage / OVER_VOLTAGE * (1 + fixed.gain_drift * days / _YEAR)),
        fixed.led_intensity.copy(),
    )


def pin_diodes(
    seed: int, board: str, channel: int, moment: datetime, intensity: Values, flashing: Sequence[bool]
) -> Values:
    """Return what the 5 PIN diodes of a half-sector show, ADC counts.

    Parameters
    ----------
    intensity
        Intensities of the 5 LEDs, DAC units.
    flashing
        Which of them flash: a diode sees its own LED only.
    """
    aged = max(0.0, 1 - _LED_AGEING * _days(moment) / _YEAR)
    counts = _fixed(seed, board, channel).coupling * intensity / _FULL_INTENSITY * aged
    return np.where(flashing, np.round(np.clip(counts, 0.0, _BRIGHTEST)), 0.0)


def _days(moment: datetime) -> float:
    return (require_utc(moment) - EPOCH).total_seconds() / _DAY


@dataclass(frozen=True)
class _Fixed:
    scatter: Values
    leakage: Values
    offset: Values
    bias: float
    lv_positive: float
    lv_negative: float
    dose: Values
    gain_drift: Values
    led_intensity: Values
    coupling: Values


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
        dose=_DOSE[detector_of(board)] * (1 + _DOSE_OUTWARDS * eta / eta.max()),
        gain_drift=random.normal(*_GAIN_DRIFT, TOWERS),
        led_intensity=1900 + 100 * random.integers(0, 14, LEDS).astype(np.float64),
        coupling=random.uniform(45.0, 150.0, LEDS),
    )


def generator(seed: int, *names: object) -> np.random.Generator:
    """Return a random generator that depends on `seed` and `names` only (not on the process)."""
    digest = hashlib.sha256(repr((seed, *names)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))
