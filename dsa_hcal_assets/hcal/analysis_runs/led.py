"""What an LED run says about each tower: pulse height, its width and stability, and what is wrong.

Belongs here: bringing pulse heights and statistics of one run together. Not here: comparing runs
(corrections/led_drift.py) and tables (run_tables.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.hcal.analysis_runs.batch_sizes import events_a_batch
from dsa_hcal_assets.hcal.analysis_runs.batch_statistics import (
    COUNT,
    RunMoments,
    batch_edges,
    clipped_moments,
    joined,
    sample_moments,
)
from dsa_hcal_assets.hcal.analysis_runs.detectors import median_of_detector
from dsa_hcal_assets.hcal.analysis_runs.pulse_shape import PulseShapes, learn_shapes
from dsa_hcal_assets.hcal.analysis_runs.run_contents import RunFileMalformed
from dsa_hcal_assets.hcal.analysis_runs.run_file import RunFile
from dsa_hcal_assets.settings.runs import RunSettings

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LedTowers:
    """Response of towers to the light of one run; arrays [t].

    Parameters
    ----------
    tower_id
        int32.
    pulses
        Moments of the pulse heights, ADC counts.
    saturated
        Share of pulses left out because a sample reached full scale.
    pedestal_mean, pedestal_std
        Of the samples before the pulse, ADC counts; NaN for files of amplitudes.
    """

    tower_id: NDArray[np.int32]
    pulses: RunMoments
    saturated: Floats
    pedestal_mean: Floats
    pedestal_std: Floats

    def relative_stability(self) -> Floats:
        """Change of the pulse height during the run, as share of it."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.pulses.mean > 0, self.pulses.stability / self.pulses.mean, np.nan)

    def status(self, settings: RunSettings) -> NDArray[np.str_]:
        """Return what is wrong with each tower, the worst of it: saturated, dead, noisy, unstable; or ok."""
        mean, std = self.pulses.mean, self.pulses.std
        least = settings.dead_share * median_of_detector(self.tower_id, mean)
        with np.errstate(divide="ignore", invalid="ignore"):
            width = np.where(mean > 0, std / mean, np.nan)
        wide = width > settings.noisy_factor * median_of_detector(self.tower_id, width)
        noisy = self.pedestal_std > settings.noisy_factor * median_of_detector(
            self.tower_id, self.pedestal_std
        )
        conditions = [
            self.saturated > settings.saturated_share,
            ~(mean > np.fmax(settings.dead_counts, least)),
            wide | noisy,
            self.relative_stability() > settings.unstable_share,
        ]
        return np.select(conditions, ["saturated", "dead", "noisy", "unstable"], default="ok")


def analyse_led(run: RunFile, settings: RunSettings) -> LedTowers:
    """Return what one file of an LED run says about its towers, read batch by batch.

    Raises
    ------
    RunFileMalformed
        If a waveform has no samples beside the leading ones.
    RunFileUnreadable
        If events are damaged.
    """
    batches = batch_edges(run.events, events_a_batch(run, settings))
    if run.contents == "amplitudes":
        return _from_amplitudes(run, batches, settings)
    return _from_waveforms(run, batches, settings)


def _from_amplitudes(run: RunFile, batches: Sequence[tuple[int, int]], settings: RunSettings) -> LedTowers:
    pulses = []
    saturated = np.zeros(len(run.tower_id))
    for first, last in batches:
        heights = run.amplitudes(first, last)
        cut = heights >= run.header.full_scale
        pulses.append(clipped_moments(np.where(cut, np.nan, heights), settings.clip_sigma, COUNT))
        saturated += cut.sum(axis=0)
    unknown = np.full(len(run.tower_id), np.nan)
    return LedTowers(run.tower_id, joined(pulses), saturated / run.events, unknown, unknown)


def _from_waveforms(run: RunFile, batches: Sequence[tuple[int, int]], settings: RunSettings) -> LedTowers:
    if run.samples < settings.leading_samples + 4:
        raise RunFileMalformed(
            f"{run.path.name}: waveforms are too short for a pulse",
            expected=f"{settings.leading_samples} samples before it, and at least 4 more",
            found=f"{run.samples} samples",
            remedy="DSA_HCAL_RUNS__LEADING_SAMPLES says how many precede the pulse",
        )
    shapes: PulseShapes | None = None
    pulses, pedestals = [], []
    saturated = np.zeros(len(run.tower_id))
    for first, last in batches:
        waveforms = run.waveforms(first, last)
        if shapes is None:
            shapes = learn_shapes(waveforms, settings.leading_samples, run.header.full_scale)
        cut = waveforms.max(axis=2) >= run.header.full_scale
        heights = np.where(cut, np.nan, shapes.heights(waveforms))
        pulses.append(clipped_moments(heights, settings.clip_sigma, COUNT))
        pedestals.append(sample_moments(waveforms[:, :, : settings.leading_samples], settings.clip_sigma))
        saturated += cut.sum(axis=0)
    pedestal = joined(pedestals)
    return LedTowers(run.tower_id, joined(pulses), saturated / run.events, pedestal.mean, pedestal.std)
