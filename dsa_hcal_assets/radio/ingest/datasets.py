"""Typed access to the datasets of a UVH5 header."""

import hashlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.ingest.errors import BadHeader

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class HeaderReader:
    """The datasets of one file's ``Header`` group, by name, each read once.

    Every method raises `BadHeader`, naming file and dataset, for one that is missing, empty, a group
    or of another type.
    """

    def __init__(self, path: Path, header: h5py.Group) -> None:
        self.path = path
        self.header = header
        self._values: dict[str, Any] = {}

    def digest(self, size: int) -> str:
        """Return the sha256 over name, type, shape and bytes of every dataset, and the file's size."""
        hasher = hashlib.sha256(f"size {size}\n".encode())

        def add(name: str, item: h5py.Dataset | h5py.Group) -> None:
            if isinstance(item, h5py.Dataset):
                hasher.update(f"{name} {item.dtype.str} {item.shape}\n".encode())
                if item.shape is not None:
                    values = np.ascontiguousarray(self._value(name))
                    # texts of variable length are pointers in memory; their words count, not where they lie
                    if values.dtype.hasobject:
                        hasher.update(repr(values.tolist()).encode())
                    else:
                        hasher.update(values.reshape(-1).view(np.uint8).data)

        self.header.visititems(add)
        return hasher.hexdigest()

    def array(self, name: str) -> NDArray[Any]:
        """Return a dataset as it is stored."""
        return np.asarray(self._value(name))

    def floats(self, name: str) -> Floats:
        """Return a numeric dataset, flat; a single number is an array of one."""
        return np.atleast_1d(self.matrix(name)).ravel()

    def matrix(self, name: str) -> Floats:
        """Return a numeric dataset with its shape, as float64."""
        values = self.array(name)
        if values.dtype.kind not in "biuf":
            raise BadHeader(f"{self.path.name}: Header/{name}", expected="numbers", found=str(values.dtype))
        return values.astype(np.float64, copy=False)

    def integers(self, name: str) -> Ints:
        """Return a dataset of whole numbers, flat, whatever type holds them."""
        stored = self.array(name)
        if stored.dtype.kind == "i":
            return np.atleast_1d(stored).ravel().astype(np.int64, copy=False)
        values = self.floats(name)
        if not np.all(np.abs(values) < 2**53) or np.any(values % 1):
            raise BadHeader(f"{self.path.name}: Header/{name}", expected="whole numbers")
        whole: Ints = values.astype(np.int64)
        return whole

    def number(self, name: str) -> float:
        """Return a dataset of exactly one number."""
        values = self.floats(name)
        if values.size != 1:
            raise BadHeader(
                f"{self.path.name}: Header/{name}", expected="one number", found=f"{values.size} values"
            )
        return float(values.ravel()[0])

    def first_number(self, name: str) -> float:
        """Return the first value of a dataset whose values agree."""
        values = self.floats(name)
        if not len(values):
            raise BadHeader(f"{self.path.name}: Header/{name} holds no values", expected="numbers")
        return float(values[0])

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text, or `default` when there is no such dataset."""
        if default is not None and name not in self.header:
            return default
        value = self._value(name)
        return value.decode(errors="replace") if isinstance(value, bytes) else str(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a dataset of texts."""
        values = np.atleast_1d(self.array(name)).ravel()
        return tuple(v.decode(errors="replace") if isinstance(v, bytes) else str(v) for v in values.tolist())

    def _value(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        if name not in self.header:
            raise BadHeader(f"{self.path.name} has no Header/{name}", expected="the datasets of UVH5")
        item = self.header[name]
        if not isinstance(item, h5py.Dataset) or item.shape is None:
            raise BadHeader(f"{self.path.name}: Header/{name} holds no values", expected="a dataset")
        value = self._values[name] = item[()]
        return value
