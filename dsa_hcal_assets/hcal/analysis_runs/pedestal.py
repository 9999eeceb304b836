"""What a pedestal run says about each tower: pedestal, noise, and what is wrong."""

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
from dsa_hcal_assets.hcal.analysis_runs.run_file import RunFile
from dsa_hcal_assets.settings.runs import RunSettings

# means of events are no whole counts, and their spread may be far below one
EVENT_RESOLUTION = 0.05
SATURATED_FROM = 0.98  # of full scale: a pedestal there leaves no room for signals


@dataclass(frozen=True, eq=False)
class PedestalTowers:
    """Pedestal and noise of towers in one run; arrays [t].

    Parameters
    ----------
    tower_id
        int32.
    samples
        Moments of single samples (of amplitudes, in files of these), ADC counts: pedestal and noise.
    events
        Moments of the events' mean samples, ADC counts: samples of one event are correlated, so their
        spread gives the uncertainty of the pedestal, and its stability.
    full_scale
        ADC counts.
    """

    tower_id: NDArray[np.int32]
    samples: RunMoments
    events: RunMoments
    full_scale: int

    def status(self, settings: RunSettings) -> NDArray[np.str_]:
        """Return what is wrong with each tower, the worst of it: saturated, dead, noisy, unstable; or ok."""
        noise = self.samples.std
        conditions = [
            self.samples.mean >= SATURATED_FROM * self.full_scale,
            ~(noise > settings.dead_noise),
            noise > settings.noisy_factor * median_of_detector(self.tower_id, noise),
            self.events.stability > settings.unstable_counts,
        ]
        return np.select(conditions, ["saturated", "dead", "noisy", "unstable"], default="ok")


def analyse_pedestal(run: RunFile, settings: RunSettings) -> PedestalTowers:
    """Return what one file of a pedestal run says about its towers, read batch by batch.

    Raises
    ------
    RunFileUnreadable
        If events are damaged.
    """
    samples, events = [], []
    for first, last in batch_edges(run.events, events_a_batch(run, settings)):
        if run.contents == "amplitudes":
            samples.append(clipped_moments(run.amplitudes(first, last), settings.clip_sigma, COUNT))
            events.append(samples[-1])
        else:
            waveforms = run.waveforms(first, last)
            samples.append(sample_moments(waveforms, settings.clip_sigma))
            means = waveforms.mean(axis=2, dtype=np.float32)
            events.append(clipped_moments(means, settings.clip_sigma, EVENT_RESOLUTION))
    return PedestalTowers(run.tower_id, joined(samples), joined(events), run.header.full_scale)
