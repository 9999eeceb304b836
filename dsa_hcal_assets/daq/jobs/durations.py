"""Times as people write them: `"250ms"`, `"30s"`, `"5m"`, `"1h"`."""

import math
import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_WRITTEN = re.compile(rf"\s*(\d+(?:\.\d+)?|\.\d+)\s*({'|'.join(_SECONDS)})\s*")


def seconds_of(written: object) -> float:
    """Return a duration in seconds; a bare number is seconds.

    Raises
    ------
    ValueError
        If it is not a duration.
    """
    if isinstance(written, int | float) and not isinstance(written, bool):
        value = float(written)
    elif isinstance(written, str) and (match := _WRITTEN.fullmatch(written)):
        value = float(match[1]) * _SECONDS[match[2]]
    else:
        raise ValueError('a duration like "250ms", "30s", "5m", "1h" or a number of seconds')
    if not math.isfinite(value):
        raise ValueError("a finite duration")
    return value


Duration = Annotated[float, BeforeValidator(seconds_of), Field(gt=0)]
"""Seconds, greater than 0; in files also `"250ms"`, `"30s"`, `"5m"`, `"1h"`, `"2d"`."""


def written(seconds: float) -> str:
    """Return `seconds` as a person would write them in a file."""
    for unit in ("d", "h", "m", "s"):
        if seconds >= _SECONDS[unit] and seconds % _SECONDS[unit] == 0:
            return f"{seconds / _SECONDS[unit]:g}{unit}"
    return f"{seconds:g}s" if seconds >= 1 else f"{seconds * 1000:g}ms"
