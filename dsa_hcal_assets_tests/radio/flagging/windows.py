"""Visibilities of noise for tests."""

import numpy as np

from dsa_hcal_assets.radio.flagging.visibilities import Window


def make_window(antennas: int = 5, times: int = 4, channels: int = 12, seed: int = 1) -> Window:
    """Return a window of unit noise: one field, one scan, integrations of 10 s, autos included."""
    rng = np.random.default_rng(seed)
    first, second = np.triu_indices(antennas)
    rows = first.size * times
    noise = rng.normal(size=(rows, channels, 2, 2)).astype(np.float32)
    return Window(
        description=0,
        rows=np.arange(rows),
        data=noise.view(np.float32)[..., 0] + 1j * noise[..., 1],
        flag=np.zeros((rows, channels, 2), dtype=bool),
        antenna1=np.tile(first, times).astype(np.int32),
        antenna2=np.tile(second, times).astype(np.int32),
        field=np.zeros(rows, dtype=np.int32),
        scan=np.ones(rows, dtype=np.int32),
        time=5e9 + 10.0 * np.repeat(np.arange(times), first.size),
        baseline_m=np.tile(50.0 * (second - first), times).astype(float),
        frequency_hz=1.4e9 + 1e6 * np.arange(channels),
    )
