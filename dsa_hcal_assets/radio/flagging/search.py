"""Step 5, the search for interference: by SumThreshold of our own, by AOFlagger, or by CASA's tfcrop."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.flagging.aoflagger import aoflagger
from dsa_hcal_assets.radio.flagging.background import deviation, flatten
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.flagging.series import Layout
from dsa_hcal_assets.radio.flagging.sumthreshold import THREADS, sum_threshold
from dsa_hcal_assets.radio.flagging.tfcrop import tfcrop
from dsa_hcal_assets.radio.profiles.processing import Flagging

# flags on a Measurement Set that programs of others find, given those of the earlier steps
Search = Callable[[Path, FlagSet, Flagging, Path], FlagSet]
PROGRAMS: dict[str, Search] = {"aoflagger": aoflagger, "tfcrop": tfcrop}
OURS = "sumthreshold"
# an integration and channel is judged for the array when this share of the most baselines has data there
FEWEST = 0.25


def method(limits: Flagging) -> str:
    """Return which search a profile means; ``auto`` is ours (see docs/decisions.md).

    Raises
    ------
    ConfigurationError
        If it is AOFlagger and that is not installed.
    """
    chosen = OURS if limits.method == "auto" else limits.method
    if chosen == "aoflagger" and shutil.which("aoflagger") is None:
        raise ConfigurationError(
            "flagging.method is aoflagger, which is not installed",
            remedy="apt-get install aoflagger, or set flagging.method = auto in the profile",
        )
    return chosen


@dataclass
class ArraySpectrum:
    """Amplitude over background, averaged over all baselines, while blocks go by.

    Interference from far away is the same for the whole array. Averaged over thousands of baselines
    it shows where no single one has it above its noise (as in SSINS: Wilensky et al. 2019, PASP 131,
    114507, who average differences in time; amplitudes serve drift scans too).

    Attributes
    ----------
    moment
        Number of the integration of each row of the layout.
    excess, counted
        What `sumthreshold.search` adds up, one part for each thread;
        shape (n_thread, n_moment, n_channel, n_correlation).
    """

    moment: NDArray[np.int64]
    excess: NDArray[np.float64] = field(repr=False)
    counted: NDArray[np.int64] = field(repr=False)

    @classmethod
    def of(cls, layout: Layout) -> "ArraySpectrum":
        """Return an empty one."""
        moments, moment = np.unique(layout.time, return_inverse=True)
        shape = (THREADS, moments.size, *layout.shape[1:])
        return cls(moment, np.zeros(shape), np.zeros(shape, np.int64))

    def interference(self, sigma: float) -> NDArray[np.bool_]:
        """Return where the array as a whole is disturbed, shape (n_moment, n_channel, n_correlation)."""
        total, number = self.excess.sum(axis=0), self.counted.sum(axis=0)
        disturbed = np.zeros(total.shape, dtype=bool)
        for hand in range(total.shape[2]):
            count = number[..., hand]
            bad = count < max(FEWEST * count.max(), 1)
            mean = total[..., hand] / np.maximum(count, 1)
            plane, known = (1 + mean).astype(np.float32), ~bad
            flatten(plane, bad)
            limit = np.float32(sigma) * deviation(plane, bad)
            sum_threshold(plane, bad, limit)
            disturbed[..., hand] = bad & known
        return disturbed
