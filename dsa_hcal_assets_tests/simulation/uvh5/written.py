"""A simulated group read back from its files, for the tests of this room."""

import json
from pathlib import Path

import h5py
import numpy as np

from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.simulation.uvh5.group import GroupSetup, SimulatedGroup, simulate_groups

DSA = load_profiles()["dsa110"]


class Written:
    """Visibilities (times, baselines, channels, 2), pairs of header numbers, truth."""

    def __init__(self, folder: Path, setup: GroupSetup, subbands: list[int], group: int = 0) -> None:
        self.setup, self.subbands = setup, subbands
        (self.group,) = simulate_groups(folder, DSA, setup, groups=[group], subbands=subbands)
        self._read(self.group)

    def _read(self, group: SimulatedGroup) -> None:
        self.truth = json.loads(group.truth.read_text())
        with np.load(group.truth.with_suffix(".npz")) as arrays:
            self.arrays = dict(arrays)
        cubes, frequencies = [], []
        for path in group.files:
            with h5py.File(path) as file:
                cubes.append(file["Data/visdata"][()])
                frequencies.append(file["Header/freq_array"][()])
                first, second = file["Header/ant_1_array"][()], file["Header/ant_2_array"][()]
        self.frequencies = np.concatenate(frequencies)
        pairs = self.setup.antennas * (self.setup.antennas + 1) // 2
        self.data = np.concatenate(cubes, axis=1).reshape(self.setup.integrations, pairs, -1, 2)
        self.first, self.second = first[:pairs], second[:pairs]
        self.autos = self.first == self.second

    @property
    def channels(self) -> np.ndarray:
        """Which of the band's channels were written."""
        each = np.arange(self.setup.channels)
        return np.concatenate([number * self.setup.channels + each for number in self.subbands])

    @property
    def gain_products(self) -> np.ndarray:
        """g1 conj(g2) from the truth, shape of `data`."""
        stations = self.arrays["stations"]
        one, two = (np.searchsorted(stations - 1, numbers) for numbers in (self.first, self.second))
        gains = self.arrays["drift"][..., None] * self.arrays["gains"][:, :, self.channels]
        return (gains[:, one] * np.conj(gains[:, two])).transpose(0, 1, 3, 2)

    @property
    def sky(self) -> np.ndarray:
        """Visibilities with the true gains taken out, Jy."""
        return self.data / self.gain_products
