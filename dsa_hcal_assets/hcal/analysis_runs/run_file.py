"""Open a run file of either format, checked; read its events block by block.

Belongs here: opening and reading, and telling damaged bytes from files that are not there now. Not
here: what is in a file (run_contents.py) and whether it makes sense (run_checks.py).
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.hcal.analysis_runs.run_checks import checked
from dsa_hcal_assets.hcal.analysis_runs.run_contents import (
    Contents,
    EventSource,
    LightReadings,
    RunFileUnreadable,
    RunHeader,
)

_ODD = (OSError, KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)
_SUFFIXES = {".h5": "hdf5", ".hdf5": "hdf5", ".root": "root"}


@dataclass(frozen=True, eq=False)
class RunFile:
    """An opened, validated run file.

    Parameters
    ----------
    tower_id
        int32[t], unique over detectors.
    events, samples
        Number of events, and of samples an event (1 for amplitudes).
    """

    path: Path
    header: RunHeader
    contents: Contents
    tower_id: NDArray[np.int32]
    events: int
    samples: int
    light: LightReadings | None
    _source: EventSource

    def waveforms(self, first: int, last: int) -> NDArray[np.uint16]:
        """Return events [first, last) of a file of waveforms: uint16[e, t, s], ADC counts.

        Raises
        ------
        RunFileUnreadable
            If the bytes of these events are damaged.
        """
        return self._read(first, last).astype(np.uint16, copy=False)

    def amplitudes(self, first: int, last: int) -> NDArray[np.float32]:
        """Return events [first, last) of a file of amplitudes: float32[e, t], NaN where not finite.

        Raises
        ------
        RunFileUnreadable
            If the bytes of these events are damaged.
        """
        values = self._read(first, last).astype(np.float32, copy=False)
        return np.where(np.isfinite(values), values, np.float32(np.nan))

    def _read(self, first: int, last: int) -> NDArray[Any]:
        with telling(self.path, self._source.errors):
            return self._source.read(self.contents, first, last)


@contextmanager
def open_run(path: Path) -> Iterator[RunFile]:
    """Open a run file and check all but its events.

    Raises
    ------
    RunFileUnreadable
        If it is no regular file, of no known format, damaged or cut short.
    RunFileMalformed
        If its content contradicts itself or the detector.
    OSError
        If it cannot be opened now (gone, no permission).
    """
    _require_regular(path)
    with _opened(path) as source:
        with telling(path, source.errors):
            found = checked(path, source)
        yield RunFile(
            path,
            found.header,
            found.contents,
            found.tower_id,
            found.events,
            found.samples,
            found.light,
            source,
        )


def format_of(name: str) -> str | None:
    """Return `hdf5` or `root` by the ending of a file's name, None for any other."""
    return _SUFFIXES.get(Path(name).suffix.lower())


@contextmanager
def _opened(path: Path) -> Iterator[EventSource]:
    form = format_of(path.name)
    if form == "hdf5":
        from dsa_hcal_assets.hcal.analysis_runs.hdf5_file import opened_hdf5

        with opened_hdf5(path) as source:
            yield source
    elif form == "root":
        from dsa_hcal_assets.hcal.analysis_runs.root_file import opened_root

        with opened_root(path) as source:
            yield source
    else:
        raise RunFileUnreadable(f"{path.name}: unknown ending", expected=", ".join(_SUFFIXES))


@contextmanager
def telling(path: Path, errors: tuple[type[Exception], ...]) -> Iterator[None]:
    """Turn `errors`, and what odd content leads to, into `RunFileUnreadable`."""
    try:
        yield
    except BadInput:
        raise
    except errors + _ODD as error:
        raise RunFileUnreadable(
            f"{path.name} cannot be read as a run file",
            found=f"{type(error).__name__}: {error}"[:500],
            remedy="copy it again from where it was written; release it if the copy was at fault",
        ) from error


def _require_regular(path: Path) -> None:
    # opened, so that "not now" (gone, no permission) is told apart; O_NONBLOCK: never wait for a FIFO
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise RunFileUnreadable(f"{path} is not a regular file", remedy="remove it")
    if status.st_size == 0:
        raise RunFileUnreadable(f"{path.name} is empty", remedy="copy it again from where it was written")
