"""Run files in ROOT: TTrees that ROOT itself and uproot write and read alike."""

import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.hcal.analysis_runs.run_contents import EventSource
from dsa_hcal_assets.hcal.analysis_runs.run_file import telling

_PER_HALF_SECTOR = ("half_sector", "led_mask", "led_width", "led_intensity")


class RootSource:
    """An opened ROOT run file."""

    def __init__(self, file: Any, errors: tuple[type[Exception], ...]) -> None:
        self._file = file
        self.errors = errors

    def header(self) -> Mapping[str, Any]:
        """Return the JSON object of the TObjString `header`."""
        stored = json.loads(str(self._file["header"]))
        return stored if isinstance(stored, dict) else {}

    def towers(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return two branches of the TTree `towers`."""
        tree = self._file["towers"]
        return _array(tree["detector"]), _array(tree["towerid"])

    def shapes(self) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
        """Return shape and type of the branches of the TTree `events`."""
        tree = self._file["events"]
        found = {}
        for name in ("waveforms", "amplitudes"):
            if name in tree.keys():  # noqa: SIM118 - a TTree is no mapping of its branches' names
                kind = tree[name].interpretation.numpy_dtype
                found[name] = ((int(tree.num_entries), *kind.shape), kind.base)
        return found

    def read(self, name: str, first: int, last: int) -> NDArray[Any]:
        """Return a block of events, in native byte order."""
        return _array(self._file["events"][name], first, last)

    def light(self) -> dict[str, NDArray[Any]] | None:
        """Return the TTrees `light` and `pindiode`."""
        if "light" not in self._file:
            return None
        tree = self._file["light"]
        stored = {name: _array(tree[name]) for name in _PER_HALF_SECTOR}
        return stored | {"pindiode": _array(self._file["pindiode"]["pindiode"])}


@contextmanager
def opened_root(path: Path) -> Iterator[EventSource]:
    """Open a ROOT run file for reading.

    Raises
    ------
    RunFileUnreadable
        If it is no ROOT file, or damaged.
    """
    import uproot

    errors = (uproot.DeserializationError, struct.error, zlib.error, EOFError, NotImplementedError)
    with telling(path, errors):
        file = uproot.open(path)
    with file:
        yield RootSource(file, errors)


def _array(branch: Any, first: int | None = None, last: int | None = None) -> NDArray[Any]:
    stored = branch.array(entry_start=first, entry_stop=last, library="np")
    return np.asarray(stored, dtype=stored.dtype.newbyteorder("="))
