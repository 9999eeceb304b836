"""Events of simulated runs, block by block, so that a run of any length can be written.

A light pulse is a shaper's (t/tau)^n exp(n (1 - t/tau)), peak 1, with n = 4 and tau = 3 samples. It
jitters in height and time; now and then there is no light at all. Samples carry white noise and a
baseline that moves from event to event.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.hcal.mapping.geometry import towers
from dsa_hcal_assets.simulation.boards.physics import generator
from dsa_hcal_assets.simulation.detector_runs.truth import FULL_SCALE, LEDS, DetectorTruth

EVENTS_A_BLOCK = 64
_ORDER, _TAU = 4, 3.0
_HEIGHT_JITTER = 0.02  # of a tower's pulse
_COMMON_JITTER = 0.002  # of all pulses of an event
_TIME_JITTER = 0.05  # samples
_BASELINE = 0.6  # ADC counts, of an event


@dataclass(frozen=True)
class SimulatedRun:
    """An LED or pedestal run of a detector.

    Parameters
    ----------
    truth
        The detector.
    kind
        ``led`` or ``pedestal``.
    events, samples
        How many, and samples an event.
    contents
        ``waveforms`` or ``amplitudes``.
    misfires
        Share of the events of an LED run without light.
    detectors
        Whose towers are in the run: 0 OHCal, 1 IHCal.
    with_light
        Whether the PIN diodes are in the run's file.
    """

    truth: DetectorTruth
    run_number: int
    kind: str
    started_at: datetime
    events: int = 1000
    samples: int = 31
    contents: str = "waveforms"
    misfires: float = 0.01
    detectors: tuple[int, ...] = (0, 1)
    with_light: bool = True
    part: int = 0
    readings: int = 60

    @property
    def ended_at(self) -> datetime:
        """Time of the last event: ten a second."""
        return self.started_at + timedelta(seconds=self.events / 10)

    @cached_property
    def tower_id(self) -> NDArray[np.int64]:
        """Towers of the run."""
        return np.flatnonzero(np.isin(towers().detector, self.detectors))

    def header(self) -> dict[str, Any]:
        """Return the header of its file."""
        return {
            "format": "dsa-hcal-run/1",
            "run_number": self.run_number,
            "kind": self.kind,
            "started_at": self.started_at.isoformat(),
            "ended_at": self.ended_at.isoformat(),
            "part": self.part,
            "full_scale": FULL_SCALE,
        }

    def blocks(self) -> Iterator[NDArray[np.uint16] | NDArray[np.float32]]:
        """Yield its events: uint16[e, t, s] or float32[e, t], 64 events at a time."""
        for first in range(0, self.events, EVENTS_A_BLOCK):
            count = min(EVENTS_A_BLOCK, self.events - first)
            random = generator(self.truth.seed, "run", self.run_number, self.part, first)
            yield (
                self._waveforms(random, count)
                if self.contents == "waveforms"
                else self._amplitudes(random, count)
            )

    def light(self) -> dict[str, NDArray[Any]] | None:
        """Return the arrays of the light monitoring, by name; None if the run has none."""
        if not self.with_light or self.kind != "led":
            return None
        half_sectors = np.unique(towers().half_sector[self.tower_id])
        random = generator(self.truth.seed, "diodes of run", self.run_number)
        seen = self.truth.diodes(self.started_at)[half_sectors]
        noisy = seen + random.normal(0, 0.9, (self.readings, *seen.shape)) * (seen > 0)
        return {
            "half_sector": half_sectors.astype(np.int16),
            "pindiode": np.round(noisy.clip(min=0)).astype(np.float32),
            "led_mask": np.full(len(half_sectors), 0x1F, dtype=np.int16),
            "led_width": np.full((len(half_sectors), LEDS), 3200, dtype=np.int16),
            "led_intensity": np.full((len(half_sectors), LEDS), 2400, dtype=np.int16),
        }

    def _heights(self, random: np.random.Generator, count: int) -> NDArray[np.float64]:
        if self.kind != "led":
            return np.zeros((count, len(self.tower_id)))
        mean = self.truth.pulse_height(self.started_at)[self.tower_id]
        jitter = 1 + random.normal(0, _HEIGHT_JITTER, (count, len(mean)))
        common = 1 + random.normal(0, _COMMON_JITTER, (count, 1))
        fired = random.random((count, 1)) >= self.misfires
        heights: NDArray[np.float64] = mean * jitter * common * fired
        return heights

    def _waveforms(self, random: np.random.Generator, count: int) -> NDArray[np.uint16]:
        truth, chosen = self.truth, self.tower_id
        heights = self._heights(random, count)[..., None]
        shift = random.normal(0, _TIME_JITTER, (count, 1, 1))
        shape, slope, bend = self._shapes
        pulses = heights * (shape - shift * slope + shift**2 / 2 * bend)
        shown = (count, len(chosen), self.samples)
        noise = random.standard_normal(shown, dtype=np.float32) * truth.noise[chosen, None]
        alive = truth.noise[chosen, None] > 0
        baseline = random.normal(0, _BASELINE, (count, len(chosen), 1)) * alive
        samples = truth.pedestal[chosen, None] + baseline + noise + pulses
        return np.round(samples).clip(0, FULL_SCALE).astype(np.uint16)

    def _amplitudes(self, random: np.random.Generator, count: int) -> NDArray[np.float32]:
        truth, chosen = self.truth, self.tower_id
        level = 0.0 if self.kind == "led" else truth.pedestal[chosen]
        noise = random.standard_normal((count, len(chosen))) * truth.noise[chosen]
        return (self._heights(random, count) + level + noise).astype(np.float32)

    @cached_property
    def _shapes(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Pulse shapes [t, s] of the towers, with first and second derivative in time."""
        time = np.arange(self.samples) - self.truth.phase[self.tower_id, None]
        step = 1e-3
        before, here, after = (_pulse(time + shift) for shift in (-step, 0.0, step))
        return here, (after - before) / (2 * step), (after - 2 * here + before) / step**2


def _pulse(time: NDArray[np.float64]) -> NDArray[np.float64]:
    since = np.maximum(time, 0) / _TAU
    pulse: NDArray[np.float64] = since**_ORDER * np.exp(_ORDER * (1 - since))
    return pulse
