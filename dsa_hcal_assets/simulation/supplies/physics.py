"""What the supplies deliver at a given time; all follows from a seed and what was switched.

Bias: 64.5-66.4 V a sector, ramped by 1 V/s; the current is the sector's leakage, 50-200 uA at full
bias (one sector 650), proportional to the voltage, more in the warmth of the afternoon.
Low voltage: 7, 8 or 9 V a slot, 6-25 mA idle a value.
"""

import math
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from dsa_hcal_assets.hcal.supplies.output_status import OutputStatus
from dsa_hcal_assets.simulation.boards.physics import generator

RAMP = 1.0  # V/s
FULL_BIAS = 65.0  # V
CURRENT_LIMIT = 5.5e-3  # A
LEAKY_SECTOR = 13
_LEAKY = 650e-6  # A
_DAY = 86400.0
_DAY_NIGHT = 0.01  # of the current
_STEADY = OutputStatus.CONSTANT_VOLTAGE | OutputStatus.ADJUSTING


@dataclass(frozen=True)
class BiasTruth:
    """What a bias channel really does: V, A, and the bits of `outputStatus`."""

    v_set: float
    v_meas: float
    i_limit: float
    i_meas: float
    switched_on: bool
    status: int


@dataclass
class BiasChannel:
    """One channel of a bias crate, with its history of switching.

    Parameters
    ----------
    v_set, i_limit
        As set, V and A.
    leakage
        Current at full bias (65 V) and the mean temperature, A.
    load
        Factor on the current: a fault of the detector raises it.
    """

    v_set: float
    leakage: float
    i_limit: float = CURRENT_LIMIT
    load: float = 1.0
    on: bool = True
    trip_bits: OutputStatus = field(default=OutputStatus(0))
    _from_volts: float | None = None
    _since: datetime | None = None

    def switch(self, on: bool, moment: datetime) -> None:
        """Switch on or off at `moment`: the voltage ramps from where it is; a trip is forgotten."""
        self._from_volts, self._since = self.truth(moment).v_meas, moment
        self.on, self.trip_bits = on, OutputStatus(0)

    def set_voltage(self, volts: float, moment: datetime) -> None:
        """Set another voltage at `moment`; it is ramped to."""
        self._from_volts, self._since = self.truth(moment).v_meas, moment
        self.v_set = volts

    def trip(self, bits: OutputStatus = OutputStatus.FAILURE_MAX_CURRENT) -> None:
        """Fail at once: off without a ramp, for the reason `bits` says."""
        self.on, self.trip_bits = False, bits
        self._from_volts = self._since = None

    def truth(self, moment: datetime) -> BiasTruth:
        """Return what the channel does at `moment`."""
        volts, ramping = self._ramped(moment)
        wanted = self.leakage * self.load * volts / FULL_BIAS * _warmth(moment)
        limited = wanted > self.i_limit
        if limited:
            volts *= self.i_limit / wanted
        status = self.trip_bits | (OutputStatus.ON | _STEADY if self.on else OutputStatus.ADJUSTING)
        if limited:
            status = (status | OutputStatus.CURRENT_LIMITED) & ~OutputStatus.CONSTANT_VOLTAGE
        if ramping:
            status |= OutputStatus.RAMP_UP if self.on else OutputStatus.RAMP_DOWN
        return BiasTruth(self.v_set, volts, self.i_limit, min(wanted, self.i_limit), self.on, int(status))

    def _ramped(self, moment: datetime) -> tuple[float, bool]:
        target = self.v_set if self.on else 0.0
        if self._from_volts is None or self._since is None:
            return target, False
        run = RAMP * (moment - self._since).total_seconds()
        left = target - self._from_volts
        if abs(left) <= run:
            return target, False
        return self._from_volts + math.copysign(run, left), True


def bias_channel(seed: int, sector: int) -> BiasChannel:
    """Return the channel of a sector (0-63), on and steady."""
    random = generator(seed, "bias", sector)
    v_set = round(float(random.uniform(64.5, 66.4)), 2)
    leakage = float(random.uniform(50e-6, 200e-6))
    return BiasChannel(v_set, _LEAKY if sector == LEAKY_SECTOR else leakage)


@dataclass(frozen=True)
class LvSlotTruth:
    """What a slot of the low-voltage crate really delivers when enabled: V and A of its 16 values."""

    volts: tuple[float, ...]
    amperes: tuple[float, ...]


def lv_slot(seed: int, slot: int) -> LvSlotTruth:
    """Return the truth of a slot."""
    random = generator(seed, "low voltage", slot)
    volts = (7.0, 8.0, 9.0)[slot % 3] + random.uniform(-0.02, 0.02, 16)
    amperes = random.uniform(0.006, 0.025, 16)
    return LvSlotTruth(tuple(np.round(volts, 3).tolist()), tuple(np.round(amperes, 3).tolist()))


def _warmth(moment: datetime) -> float:
    return 1 + _DAY_NIGHT * math.sin(2 * math.pi * (moment.timestamp() / _DAY - 0.4))
