"""How much what is left looks like noise: the kurtosis of differences of neighbouring channels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.flagging.series import Block, Layout
from dsa_hcal_assets.radio.flagging.steps import MAD_TO_SIGMA

SAMPLE_BYTES = 16 << 20
FEWEST_DIFFERENCES = 100


@dataclass
class NoiseSample:
    """Visibilities of some cross-correlations, kept until the flags are settled.

    Attributes
    ----------
    rows
        Positions in the layout, ascending, shape (n_row,).
    group
        One number for each baseline and field, shape (n_row,).
    data
        complex64, shape (n_row, n_channel, n_correlation).
    """

    rows: NDArray[np.int64]
    group: NDArray[np.int64]
    data: NDArray[np.complex64]

    @classmethod
    def of(cls, layout: Layout, *, most_bytes: int = SAMPLE_BYTES) -> "NoiseSample":
        """Choose baselines, evenly among all, as many as `most_bytes` hold (at least one)."""
        count = int(layout.antenna2.max(initial=0)) + 1
        pair = layout.antenna1.astype(np.int64) * count + layout.antenna2
        pairs = np.unique(pair[layout.cross])
        cell = 8 * layout.shape[1] * layout.shape[2]
        step = -(-int(layout.cross.sum()) * cell // most_bytes)
        rows = np.flatnonzero(np.isin(pair, pairs[:: max(step, 1)]) & layout.cross)
        group = pair[rows] * (int(layout.field.max(initial=0)) + 1) + layout.field[rows]
        return cls(rows, group, np.zeros((rows.size, *layout.shape[1:]), np.complex64))

    def take(self, block: Block) -> None:
        """Keep what a block has of the sample."""
        wanted = np.isin(block.rows, self.rows, assume_unique=True)
        self.data[np.searchsorted(self.rows, block.rows[wanted])] = block.data[wanted]

    def kurtosis(self, flag: NDArray[np.bool_]) -> float:
        """Return `difference_kurtosis` of the sample under its flags, shape of the data."""
        return difference_kurtosis(self.data, flag, self.group)


def difference_kurtosis(
    data: NDArray[np.complex64], flag: NDArray[np.bool_], group: NDArray[np.int64]
) -> float:
    """Kurtosis (3 for Gaussian noise) of the real parts after the sky has been taken out.

    The difference of neighbouring channels, less its median over time, holds noise and interference
    only; it is scaled by its robust deviation for each group of rows (a baseline and field), so that
    antennas of different gain can be joined. Unflagged interference makes it large. NaN when fewer
    than a hundred differences are left.
    """
    difference = np.diff(data.real.astype(np.float64), axis=1)
    difference[flag[:, 1:] | flag[:, :-1]] = np.nan
    order = np.argsort(group, kind="stable")
    parts = []
    for rows in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        values = difference[rows]
        counted = np.isfinite(values).any(axis=0)
        values = (values - np.nanmedian(np.where(counted, values, 0.0), axis=0))[np.isfinite(values)]
        if values.size >= 20:
            deviation = MAD_TO_SIGMA * np.median(np.abs(values - np.median(values)))
            parts.append(values / deviation if deviation > 0 else values[:0])
    joined = np.concatenate(parts) if parts else np.zeros(0)
    if joined.size < FEWEST_DIFFERENCES:
        return float("nan")
    centred = joined - joined.mean()
    return float((centred**4).mean() / (centred**2).mean() ** 2)
