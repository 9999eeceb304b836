"""Pulse heights from waveforms: a linear template fit of each tower's own pulse shape.

A waveform is taken as S(t) = A g(t) + B g'(t) + P with the tower's shape g (height 1), its
derivative (small shifts in time, to first order) and a constant pedestal. Least squares give A as
a fixed weighted sum of the samples, so that a whole block is one matrix product. This is the
optimal filter of W. E. Cleland and E. G. Stern, Nucl. Instr. Meth. A 338 (1994) 467, for white noise
and a pedestal that is fitted too. Taking the highest sample instead would be biased upwards by noise, most
for small pulses, and would follow the phase of the light pulse.

The shape is the mean pulse of the run's first events. Its height is that of a cubic spline through
it: the highest sample alone would move by per cent with the phase of the light against the digitiser's
clock, the spline moves by less than a tenth of a per cent (the light is pulsed by that clock, so that
the phase hardly changes from run to run). Towers whose own pulse does not stand out get the typical
shape of the others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.quality.statistics import MAD_TO_SIGMA

Floats = NDArray[np.float64]

STANDS_OUT = 10.0  # height of a mean pulse in standard deviations of a single sample
_FINE = 16  # points of the spline a sample, when its maximum is looked for
_CLIP = 4.0


@dataclass(frozen=True, eq=False)
class PulseShapes:
    """What the first events of a run say about its pulses.

    Parameters
    ----------
    shape
        float64[t, s]: mean pulse above pedestal, of height 1; 0 where no tower has any.
    weights
        float64[t, s]: height = sum of weights x samples.
    own
        bool[t]: whether the shape is the tower's own.
    """

    shape: Floats
    weights: Floats
    own: NDArray[np.bool_]

    def heights(self, waveforms: NDArray[np.uint16]) -> NDArray[np.float32]:
        """Return the pulse heights [e, t] of waveforms [e, t, s], ADC counts above pedestal."""
        weights = self.weights.astype(np.float32)
        # the weights add up to 0: without a common offset single precision suffices
        offset = waveforms[:, :, :1].astype(np.float32)
        heights: NDArray[np.float32] = np.einsum("ets,ts->et", waveforms - offset, weights, optimize=True)
        return heights


def learn_shapes(waveforms: NDArray[np.uint16], leading: int, full_scale: int) -> PulseShapes:
    """Return the pulse shapes of the towers in waveforms [e, t, s].

    Parameters
    ----------
    leading
        Samples before the pulse.
    full_scale
        Waveforms that reach it are left out.
    """
    mean, noise = _mean_pulses(waveforms, leading, full_scale)
    height = _heights(mean)
    own = (height > STANDS_OUT * noise) & (height > 0)
    shape = np.zeros_like(mean)
    shape[own] = mean[own] / height[own, None]
    if own.any():
        typical = np.median(shape[own], axis=0)
        shape[~own] = typical / _heights(typical[None])[0]
    return PulseShapes(shape, _weights(shape), own)


def _mean_pulses(waveforms: NDArray[np.uint16], leading: int, full_scale: int) -> tuple[Floats, Floats]:
    """Return mean pulse above pedestal [t, s] and standard deviation of a leading sample [t]."""
    pedestal = waveforms[:, :, :leading].mean(axis=2, dtype=np.float32)
    top = waveforms.max(axis=2)
    raw = top - pedestal
    centre = np.median(raw, axis=0)
    scale = np.maximum(MAD_TO_SIGMA * np.median(np.abs(raw - centre), axis=0), 1.0)
    kept = (np.abs(raw - centre) <= _CLIP * scale) & (top < full_scale)
    count = np.maximum(1, kept.sum(axis=0))
    total = np.einsum("ets,et->ts", waveforms, kept, dtype=np.float64)
    mean = (total - (pedestal * kept).sum(axis=0, dtype=np.float64)[:, None]) / count[:, None]
    noise = waveforms[:, :, :leading].std(axis=2, dtype=np.float32).mean(axis=0, dtype=np.float64)
    return mean, noise


def _heights(pulses: Floats) -> Floats:
    from scipy.interpolate import CubicSpline

    samples = np.arange(pulses.shape[1])
    fine = np.linspace(0, samples[-1], _FINE * samples[-1] + 1)
    heights: Floats = CubicSpline(samples, pulses, axis=1)(fine).max(axis=1)
    return heights


def _weights(shape: Floats) -> Floats:
    derivative = np.gradient(shape, axis=1)
    model = np.stack([shape, derivative, np.ones_like(shape)], axis=2)
    # a shape that is 0 everywhere leaves a singular model, of which the pseudo-inverse gives weight 0
    weights: Floats = np.linalg.pinv(model)[:, 0, :]
    return weights
