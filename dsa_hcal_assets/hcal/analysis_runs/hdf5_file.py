"""Run files in HDF5. Chunks of a few dozen events let blocks be read without reading twice."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.hcal.analysis_runs.run_contents import EventSource
from dsa_hcal_assets.hcal.analysis_runs.run_file import telling

_MOST_VALUES = 10_000_000  # of the datasets beside the events
_LIGHT = ("half_sector", "pindiode", "led_mask", "led_width", "led_intensity")


class Hdf5Source:
    """An opened HDF5 run file."""

    errors: tuple[type[Exception], ...] = (OSError, RuntimeError)

    def __init__(self, file: Any) -> None:
        self._file = file

    def header(self) -> Mapping[str, Any]:
        """Return the attributes of the file."""
        return dict(self._file.attrs)

    def towers(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the datasets `detector` and `towerid`."""
        return self._small("detector"), self._small("towerid")

    def shapes(self) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
        """Return shape and type of the datasets of events."""
        stored = [name for name in ("waveforms", "amplitudes") if name in self._file]
        return {name: (self._file[name].shape, self._file[name].dtype) for name in stored}

    def read(self, name: str, first: int, last: int) -> NDArray[Any]:
        """Return a block of events."""
        block: NDArray[Any] = self._file[name][first:last]
        return block

    def light(self) -> dict[str, NDArray[Any]] | None:
        """Return the datasets of group `light`."""
        if "light" not in self._file:
            return None
        return {name: self._small(f"light/{name}") for name in _LIGHT}

    def _small(self, name: str) -> NDArray[Any]:
        """Return a whole dataset, which may claim any size: it is asked before room is made for it."""
        dataset = self._file[name]
        if dataset.size > _MOST_VALUES:
            raise ValueError(f"{name} has {dataset.size} values, at most {_MOST_VALUES} are read")
        values: NDArray[Any] = dataset[:]
        return values


@contextmanager
def opened_hdf5(path: Path) -> Iterator[EventSource]:
    """Open an HDF5 run file for reading.

    Raises
    ------
    RunFileUnreadable
        If it is no HDF5 file, or cut short.
    """
    import h5py

    with telling(path, Hdf5Source.errors):
        file = h5py.File(path, "r")
    with file:
        yield Hdf5Source(file)
