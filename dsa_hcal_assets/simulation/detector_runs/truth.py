"""A detector whose gains drift, whose temperature follows the day, and some of whose towers are bad.

Everything follows from a seed and the time, so that a test can ask for the truth at any moment. The
gain of a tower is

    gain(t) = drift(t) x (1 - k (T(t) - Tref)) x (1 + (bias(t) - bias(epoch)) / overvoltage)

with a drift linear in time and a coefficient k of its own: what an analysis is told is only the
mean coefficient of the detector and how much towers scatter about it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.hcal.mapping.geometry import HALF_SECTORS, HCAL_TOWERS, towers
from dsa_hcal_assets.simulation.boards.physics import generator

Floats = NDArray[np.float64]
TowerSet = NDArray[np.int64]

LEDS = 5
REFERENCE_TEMPERATURE = (22.0, 24.5)  # deg C, of OHCal and IHCal
FULL_SCALE = 16383
_DAY = 86400.0
_LIVE_DIODES = np.array([0.0, 60.0, 70.0, 0.0, 45.0])  # ADC counts of the five; two never see light


@dataclass(frozen=True)
class DetectorTruth:
    """The two hadronic calorimeters from `epoch` on; arrays are in order of `tower_id` (3072).

    Parameters
    ----------
    seed
        Of everything random.
    epoch
        Time at which drift is one and light is nominal.
    drift_per_day, drift_scatter
        Mean and scatter of the towers' change of gain a day.
    coefficient, coefficient_scatter
        Mean loss of gain a deg C, and its relative scatter from tower to tower.
    day_night
        Amplitude of the daily swing of temperature, deg C.
    light_per_day
        Change of the light of the LEDs a day.
    bias_step
        Change of bias of each half-sector one day after the epoch, V (scatter).
    overvoltage, overvoltage_scatter
        Bias above breakdown, V.
    dead, noisy, saturated
        Number of towers that are so.
    """

    seed: int = 0
    epoch: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    drift_per_day: float = -5e-4
    drift_scatter: float = 1.0e-3
    coefficient: float = 0.02
    coefficient_scatter: float = 0.1
    day_night: float = 0.4
    light_per_day: float = 4e-3
    bias_step: float = 0.05
    overvoltage: float = 4.0
    overvoltage_scatter: float = 0.3
    dead: int = 4
    noisy: int = 5
    saturated: int = 6

    def drift(self, moment: datetime) -> Floats:
        """Return the gain relative to the epoch at reference temperature and bias."""
        drift: Floats = 1 + self._fixed["drift"] * self._days(moment)
        return drift

    def temperature(self, moment: datetime) -> Floats:
        """Return the SiPM temperatures, deg C."""
        phase = 2 * np.pi * self._days(moment)
        swing = self.day_night * np.sin(phase - 2.5) + 0.15 * np.sin(phase / 7.3)
        temperature: Floats = self._fixed["temperature"] + swing
        return temperature

    def bias(self, moment: datetime) -> Floats:
        """Return the bias voltages, V."""
        stepped = self._days(moment) >= 1
        bias: Floats = self._fixed["bias"] + (self._fixed["bias_step"] if stepped else 0.0)
        return bias

    def gain(self, moment: datetime) -> Floats:
        """Return the gain relative to that at the epoch, reference temperature and first bias."""
        over = self.temperature(moment) - self.reference_temperature
        response = 1 - self._fixed["coefficient"] * over
        bias = 1 + (self.bias(moment) - self._fixed["bias"]) / self._fixed["overvoltage"]
        gain: Floats = self.drift(moment) * response * bias
        return gain

    def correction(self, moments: Sequence[datetime], reference: datetime) -> Floats:
        """Return the true corrections for the mean gain at `moments`.

        They are to the gain at `reference` (time of the reference run) at reference temperature.
        """
        over = self.temperature(reference) - self.reference_temperature
        at_reference = self.gain(reference) / (1 - self._fixed["coefficient"] * over)
        mean = np.mean([self.gain(moment) for moment in moments], axis=0)
        correction: Floats = at_reference / mean
        return correction

    def light(self, moment: datetime) -> Floats:
        """Return the light of each half-sector's LEDs relative to the epoch [128]."""
        light: Floats = 1 + self._light_rate * self._days(moment)
        return light

    def diodes(self, moment: datetime) -> Floats:
        """Return what the PIN diodes of each half-sector see [128, 5], ADC counts."""
        seen: Floats = self.light(moment)[:, None] * _LIVE_DIODES * self._diode_scale[:, None]
        return seen

    def pulse_height(self, moment: datetime) -> Floats:
        """Return the mean height of the light pulses, ADC counts; beyond full scale for saturated towers."""
        light = self.light(moment)[towers().half_sector]
        height = self._fixed["height"] * self.gain(moment) * light
        height[self.bad["saturated"]] = 1.3 * FULL_SCALE
        height[self.bad["dead"]] = 0.0
        return height

    @cached_property
    def reference_temperature(self) -> Floats:
        """Reference temperature of each tower's detector, deg C."""
        return np.asarray(REFERENCE_TEMPERATURE)[towers().detector]

    @cached_property
    def noise(self) -> Floats:
        """Standard deviation of a sample, ADC counts; a dead tower's never changes."""
        noise = generator(self.seed, "noise").uniform(1.4, 2.0, HCAL_TOWERS)
        noise[self.bad["noisy"]] *= 12
        noise[self.bad["dead"]] = 0.0
        return noise

    @cached_property
    def pedestal(self) -> Floats:
        """Pedestals, ADC counts."""
        return generator(self.seed, "pedestal").normal(1500, 60, HCAL_TOWERS)

    @cached_property
    def phase(self) -> Floats:
        """Begin of the light pulse, samples after the first."""
        return generator(self.seed, "phase").uniform(6.6, 7.6, HCAL_TOWERS)

    @cached_property
    def bad(self) -> dict[str, TowerSet]:
        """Towers that are dead, noisy or saturated, by that word."""
        chosen = generator(self.seed, "bad").permutation(HCAL_TOWERS)
        counts = {"dead": self.dead, "noisy": self.noisy, "saturated": self.saturated}
        places = np.cumsum([0, *counts.values()])
        return {word: np.sort(chosen[places[i] : places[i + 1]]) for i, word in enumerate(counts)}

    @cached_property
    def _fixed(self) -> dict[str, Floats]:
        random = generator(self.seed, "towers")
        known = towers()
        phi = 2 * np.pi * known.iphi / 64
        spread = random.normal(0, 0.15, HCAL_TOWERS)
        return {
            "drift": random.normal(self.drift_per_day, self.drift_scatter, HCAL_TOWERS),
            "coefficient": self.coefficient * (1 + random.normal(0, self.coefficient_scatter, HCAL_TOWERS)),
            "temperature": self.reference_temperature + 0.4 + 0.35 * np.sin(phi) + spread,
            "height": random.uniform(600, 1800, HCAL_TOWERS),
            "bias": random.uniform(64.5, 66.4, HALF_SECTORS)[known.half_sector],
            "overvoltage": random.normal(self.overvoltage, self.overvoltage_scatter, HCAL_TOWERS),
            "bias_step": random.normal(0, self.bias_step, HALF_SECTORS)[known.half_sector],
        }

    @cached_property
    def _light_rate(self) -> Floats:
        return generator(self.seed, "light").normal(self.light_per_day, 2e-3, HALF_SECTORS)

    @cached_property
    def _diode_scale(self) -> Floats:
        return generator(self.seed, "diodes").uniform(0.7, 1.5, HALF_SECTORS)

    def _days(self, moment: datetime) -> float:
        return (require_utc(moment) - self.epoch).total_seconds() / _DAY
