"""Self-calibration: gains from the field's own sources, kept only while the image gets better.

The acceptance rule is the operators': at least 5 % more signal to noise and a chi-squared that is not
worse, at most five iterations, the first refusal ends it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.calibration.beam import DriftBeam
from dsa_hcal_assets.radio.calibration.sky_model import SkyModel
from dsa_hcal_assets.radio.calibration.solver import solves
from dsa_hcal_assets.radio.calibration.solver.accumulation import accumulate
from dsa_hcal_assets.radio.calibration.solver.caltable import Entries, write_caltable
from dsa_hcal_assets.radio.calibration.solver.solves import Solved
from dsa_hcal_assets.radio.calibration.standards import Calibrator
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.imaging.corrected_copy import apply_gains, total_power

LEAST_IMPROVEMENT = 0.05
MOST_ITERATIONS = 5
# chi-squared of two solutions that are equally good differs by this little
CHI_SQUARED_ROUNDING = 1e-6
MINSNR = 3.0
NO_SOLUTION = f"no solution has a signal-to-noise ratio of {MINSNR:g}"
FEWEST_BASELINES = 4


@dataclass(frozen=True)
class Step:
    """What an iteration solves for, in intervals of so many seconds."""

    solves_for: Literal["phase", "amplitude"]
    interval_s: float


SCHEDULE = (Step("phase", 300.0), Step("phase", 120.0), Step("phase", 60.0), Step("amplitude", math.inf))


@dataclass(frozen=True)
class Attempt:
    """A calibrated set of one field and what its image shows.

    Attributes
    ----------
    ms
        The set.
    sources
        The sources of its image: the model of the next iteration.
    signal_to_noise
        Peak over noise of the image.
    chi_squared
        Mean of |V - M|^2 over the unflagged visibilities V, with the image's own sources M, Jy^2.
    """

    ms: Path
    sources: Sequence[Calibrator]
    signal_to_noise: float
    chi_squared: float


@dataclass(frozen=True)
class Iteration:
    """One iteration's numbers, before and after, and whether it was kept and why not.

    Without any solution there is no image: what was to be after is NaN then.
    """

    number: int
    solves_for: str
    interval_s: float
    snr_before: float
    snr_after: float
    chi_squared_before: float
    chi_squared_after: float
    solved_fraction: float
    accepted: bool
    reason: str
    table: str

    def as_json(self) -> dict[str, Any]:
        """Return the iteration as JSON types; an interval that is the whole group, or NaN, is None."""
        return {
            name: value if not isinstance(value, float) or math.isfinite(value) else None
            for name, value in asdict(self).items()
        }


Look = Callable[[Path, int], tuple[Sequence[Calibrator], float]]


@dataclass(frozen=True)
class SelfCalibration:
    """The loop's surroundings.

    Attributes
    ----------
    field, centre_deg, beam
        FIELD_ID, phase centre (ICRS, deg) and, for a drift scan, the beam.
    shortest_lambda
        Shortest baseline of the solves, wavelengths.
    tables
        Directory for the caltables.
    scratch
        Room for corrected copies.
    look
        Images a set (with the iteration's number) and returns its sources and signal to noise.
    """

    field: int
    centre_deg: tuple[float, float]
    beam: DriftBeam | None
    shortest_lambda: float
    tables: Path
    scratch: Path
    look: Look

    def first(self, ms: Path) -> Attempt:
        """Return the set as it is, imaged."""
        return self._seen(ms, 0)

    def run(self, first: Attempt, schedule: Sequence[Step] = SCHEDULE) -> tuple[Attempt, list[Iteration]]:
        """Iterate until an iteration is refused; return the last accepted attempt and all numbers."""
        best, made = first, []
        for number, step in enumerate(schedule[:MOST_ITERATIONS], start=1):
            if not best.sources:
                break
            attempt, solved_fraction, path = self._attempt(best, step, number)
            reason = refusal(best, attempt) if solved_fraction else NO_SOLUTION
            made.append(
                Iteration(
                    number,
                    step.solves_for,
                    step.interval_s,
                    best.signal_to_noise,
                    attempt.signal_to_noise,
                    best.chi_squared,
                    attempt.chi_squared,
                    solved_fraction,
                    accepted=not reason,
                    reason=reason,
                    table=path.name,
                )
            )
            if reason:
                break
            best = attempt
        return best, made

    def _attempt(self, best: Attempt, step: Step, number: int) -> tuple[Attempt, float, Path]:
        windows = accumulate(
            best.ms,
            FlagSet.of_ms(best.ms),
            self.field,
            self._sky(best.sources),
            interval_s=step.interval_s,
            shortest_lambda=self.shortest_lambda,
        )
        flat = [np.ones((len(one.antennas), len(one.frequency_hz), 2), complex) for one in windows]
        # the antenna with the most data; phases of one field need none in particular
        power = sum(one.power.sum(axis=(0, 2, 3)) for one in windows)
        reference = int(np.bincount(windows[0].pairs.ravel(), np.repeat(power, 2)).argmax())
        solved = solves.gains(
            windows, flat, reference, FEWEST_BASELINES, phase_only=step.solves_for == "phase"
        ).of_quality(MINSNR)
        solved = _same_flux_scale(solved) if step.solves_for == "amplitude" else solved
        path = self.tables / f"self_calibration_{number}.cal"
        antennas = windows[0].antennas
        entries = [
            Entries(one.spectral_window, antennas, solved.values, solved.snr, solved.times, solved.lengths)
            for one in windows
        ]
        write_caltable(
            path, best.ms, "G Jones", entries, reference=int(antennas[reference]), field=self.field, scan=1
        )
        solved_fraction = float(np.isfinite(solved.values).mean())
        if not solved_fraction:
            return replace(best, signal_to_noise=math.nan, chi_squared=math.nan), 0.0, path
        corrected = apply_gains(best.ms, self.scratch / f"self-{number}.ms", antennas, solved)
        return self._seen(corrected, number), solved_fraction, path

    def _seen(self, ms: Path, number: int) -> Attempt:
        sources, signal_to_noise = self.look(ms, number)
        return Attempt(ms, sources, signal_to_noise, self.chi_squared(ms, sources))

    def chi_squared(self, ms: Path, sources: Sequence[Calibrator]) -> float:
        """Return the mean of |V - M|^2 by weight over the unflagged parallel hands, Jy^2."""
        power, weight = total_power(ms)
        if sources:
            for one in accumulate(ms, FlagSet.of_ms(ms), self.field, self._sky(sources), interval_s=math.inf):
                power += float(one.power.sum(dtype=np.float64))
                power -= 2 * float(one.products.real.sum(dtype=np.float64))
        return power / weight if weight else math.nan

    def _sky(self, sources: Sequence[Calibrator]) -> SkyModel:
        return SkyModel(self.centre_deg, sources, self.beam)


def refusal(before: Attempt, after: Attempt) -> str:
    """Return why an iteration is not kept; empty when it is."""
    gain = after.signal_to_noise / before.signal_to_noise - 1
    if not gain >= LEAST_IMPROVEMENT:
        return f"signal to noise changed by {100 * gain:+.1f} %, less than {100 * LEAST_IMPROVEMENT:g} % more"
    if not after.chi_squared <= before.chi_squared * (1 + CHI_SQUARED_ROUNDING):
        return f"chi-squared rose from {before.chi_squared:.4g} to {after.chi_squared:.4g} Jy^2"
    return ""


def _same_flux_scale(solved: Solved) -> Solved:
    """Return gains whose mean power is one: amplitudes differ between antennas, the scale stays."""
    size: NDArray[np.float64] = np.abs(solved.values)
    return replace(solved, values=solved.values / np.sqrt(np.nanmean(size**2)))
