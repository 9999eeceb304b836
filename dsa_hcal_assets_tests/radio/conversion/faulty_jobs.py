"""Conversions that meet with something: functions for worker processes of the tests."""

import os
import resource
import signal
from typing import Any

from dsa_hcal_assets.radio.conversion import job


def with_file_limit(limit: int, arguments: dict[str, Any]) -> dict[str, Any]:
    """Convert where no file may grow beyond `limit` bytes: casacore meets it as it meets a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    return job.convert(**arguments)


def dying_while_reading(number: int, arguments: dict[str, Any]) -> dict[str, Any]:
    """Convert with an HDF5 library that crashes when it reads visibilities."""
    import h5py

    read = h5py.Dataset.__getitem__

    def crash(dataset: h5py.Dataset, *selection: Any) -> Any:
        if dataset.name == "/Data/visdata":
            os.kill(os.getpid(), number)
            signal.pause()
        return read(dataset, *selection)

    h5py.Dataset.__getitem__ = crash
    return job.convert(**arguments)
