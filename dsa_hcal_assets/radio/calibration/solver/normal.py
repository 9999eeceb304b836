"""What a solve needs of the data: sums over short intervals in which gains do not change."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class NormalEquations:
    """Sums over the rows of one spectral window.

    Visibilities V and models M enter as w V conj(M) and w |M|^2 alone: with these, least squares for
    gains that are constant within an interval and channel is exact.

    Attributes
    ----------
    spectral_window
        SPECTRAL_WINDOW_ID.
    antennas
        Antenna ids with data, ascending, shape (n_antenna,).
    pairs
        Indices into `antennas` of each baseline, shape (n_baseline, 2).
    times, lengths
        Mean time (UTC MJD seconds) and length (s) of each interval, shape (n_interval,).
    frequency_hz
        Shape (n_channel,).
    products
        Sum of w V conj(M), complex64, shape (n_interval, n_baseline, n_channel, 2): parallel hands.
    power
        Sum of w |M|^2, float32, same shape; zero where everything is flagged.
    """

    spectral_window: int
    antennas: NDArray[np.int64]
    pairs: NDArray[np.int64]
    times: NDArray[np.float64]
    lengths: NDArray[np.float64]
    frequency_hz: NDArray[np.float64]
    products: NDArray[np.complex64]
    power: NDArray[np.float32]

    @property
    def middle(self) -> float:
        """Middle of all intervals, UTC MJD seconds."""
        return float((self.times[0] - self.lengths[0] / 2 + self.times[-1] + self.lengths[-1] / 2) / 2)

    @property
    def length(self) -> float:
        """Time from the first interval's start to the last one's end, s."""
        return float(self.times[-1] + self.lengths[-1] / 2 - self.times[0] + self.lengths[0] / 2)

    def of_baselines(self, gains: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Return g_i conj(g_j) of each baseline; antennas are the first axis of `gains`."""
        product: NDArray[np.complex128] = gains[self.pairs[:, 0]] * np.conj(gains[self.pairs[:, 1]])
        return product
