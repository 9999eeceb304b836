"""Visibilities of noise for tests."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.flagging.series import Block, Layout


@dataclass
class Noise:
    """Unit noise of an array, whole (as one block); change `block.data` and `layout` to make it worse."""

    layout: Layout
    block: Block

    def rows(self, antenna1: int, antenna2: int) -> NDArray[np.int64]:
        return np.flatnonzero((self.layout.antenna1 == antenna1) & (self.layout.antenna2 == antenna2))

    def of_antenna(self, antenna: int) -> NDArray[np.bool_]:
        return (self.layout.antenna1 == antenna) | (self.layout.antenna2 == antenna)


def make_noise(antennas: int = 5, times: int = 4, channels: int = 12, seed: int = 1) -> Noise:
    """Return one field and scan, integrations of 10 s, two correlations, autocorrelations included."""
    rng = np.random.default_rng(seed)
    first, second = np.triu_indices(antennas)
    rows = first.size * times
    noise = rng.normal(size=(rows, channels, 2, 2)).astype(np.float32)
    layout = Layout(
        description=0,
        rows=np.arange(rows),
        antenna1=np.tile(first, times).astype(np.int32),
        antenna2=np.tile(second, times).astype(np.int32),
        field=np.zeros(rows, dtype=np.int32),
        scan=np.ones(rows, dtype=np.int32),
        time=5e9 + 10.0 * np.repeat(np.arange(times), first.size),
        baseline_m=np.tile(50.0 * (second - first), times).astype(float),
        frequency_hz=1.4e9 + 1e6 * np.arange(channels),
        correlations=2,
    )
    data = noise[..., 0] + 1j * noise[..., 1]
    block = Block(np.arange(rows), data, np.zeros(data.shape, dtype=bool), *layout.series())
    return Noise(layout, block)
