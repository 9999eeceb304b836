"""Conversions that meet with something: functions for worker processes of the tests."""

import ctypes
import resource
from typing import Any

from dsa_hcal_assets.radio.conversion import job
from dsa_hcal_assets.radio.conversion.visibilities import GroupReader


def with_file_limit(limit: int, arguments: dict[str, Any]) -> dict[str, Any]:
    """Convert where no file may grow beyond `limit` bytes: casacore meets it as it meets a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    return job.convert(**arguments)


def crashing_while_reading(arguments: dict[str, Any]) -> dict[str, Any]:
    """Convert with a library that really crashes when it reads visibilities."""
    GroupReader.read = lambda *_: ctypes.string_at(0)  # type: ignore[method-assign,assignment,return-value]
    return job.convert(**arguments)
