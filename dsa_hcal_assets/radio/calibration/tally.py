"""What applying a calibration set saw of the data: enough to judge it without another pass."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Tally:
    """What the pass saw of one data description; arrays of shape (n_row, n_correlation).

    Attributes
    ----------
    description, channels
        DATA_DESC_ID and its number of channels.
    rows
        Row numbers, shape (n_row,).
    empty
        All raw data are zero or not finite: a receptor without signal.
    flagged, zero
        Channels that are flagged, and unflagged ones that are exactly zero after calibration.
    real_sum
        Sum of the real part of unflagged corrected data.
    factor
        Median of |corrected / raw| that the gains of the window mean.
    """

    description: int
    channels: int
    rows: NDArray[np.int64]
    empty: NDArray[np.bool_]
    flagged: NDArray[np.int32]
    zero: NDArray[np.int32]
    real_sum: NDArray[np.float64]
    factor: float

    @classmethod
    def of(cls, description: int, channels: int, rows: NDArray[np.int64], correlations: int) -> "Tally":
        """Return an empty tally."""
        shape = (len(rows), correlations)
        return cls(
            description,
            channels,
            rows,
            np.zeros(shape, np.bool_),
            np.zeros(shape, np.int32),
            np.zeros(shape, np.int32),
            np.zeros(shape),
            np.nan,
        )
