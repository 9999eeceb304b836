"""Files of LED and pedestal runs: what is in them, whatever their format.

A run is one file or several (its parts: a detector each, or one after the other); each tower is in
one part. Two formats hold the same::

                  HDF5                                 ROOT
    header        attributes of the file               TObjString `header`, one JSON object
    towers        detector[t], towerid[t]              TTree `towers`, a row a tower
    events        waveforms[e, t, s]                   TTree `events`, branch of [t][s]
               or amplitudes[e, t]                     or of [t]
    light         light/half_sector[h], led_mask[h],   TTree `light`, a row a half-sector
    (optional)    led_width[h, 5], led_intensity[h, 5]
                  light/pindiode[r, h, 5]              TTree `pindiode`, a row a reading, of [h][5]

Header: ``format`` ("dsa-hcal-run/1"), ``run_number``, ``kind`` ("led" or "pedestal"),
``started_at`` and ``ended_at`` (ISO 8601 with offset), and optionally ``part`` (0) and
``full_scale`` (16383, the largest sample of a 14-bit digitiser). Samples are uint16 ADC counts,
amplitudes any number in ADC counts, above pedestal (LED, saturated ones at ``full_scale`` or more) or of
the pedestal. Detectors are numbered 0
OHCal, 1 IHCal, 2 EMCal, towers within them as reconstruction counts.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.hcal.mapping.geometry import (
    EMCAL_FIRST_TOWER_ID,
    EMCAL_TOWERS,
    HALF_SECTORS,
    TOWERS_PER_DETECTOR,
)

Kind = Literal["led", "pedestal"]
Contents = Literal["waveforms", "amplitudes"]

FORM = "dsa-hcal-run/1"
FULL_SCALE = 16383
LEDS = 5  # and as many PIN diodes, of a half-sector
MOST_SAMPLES = 1024
MOST_EVENTS = 100_000_000
MOST_READINGS = 100_000  # of the PIN diodes in a run
LARGEST_RUN_NUMBER = 2**31 - 1
_FIRST_TOWER_ID = np.array([0, TOWERS_PER_DETECTOR, EMCAL_FIRST_TOWER_ID])
_TOWERS = np.array([TOWERS_PER_DETECTOR, TOWERS_PER_DETECTOR, EMCAL_TOWERS])
_ODD = (OSError, KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)
_SUFFIXES = {".h5": "hdf5", ".hdf5": "hdf5", ".root": "root"}


class RunFileUnreadable(BadInput):
    """A file is no run file that can be read: damaged, cut short, or of another format."""


class RunFileMalformed(BadInput):
    """A run file can be read, but what is in it contradicts itself or the detector."""


@dataclass(frozen=True)
class RunHeader:
    """What a file says of its run.

    Parameters
    ----------
    part
        Which of the run's files this is, from 0.
    full_scale
        A sample this high is saturated, ADC counts.
    """

    run_number: int
    kind: Kind
    started_at: datetime
    ended_at: datetime
    part: int = 0
    full_scale: int = FULL_SCALE


@dataclass(frozen=True, eq=False)
class LightReadings:
    """Light monitoring of half-sectors as a run file holds it.

    Parameters
    ----------
    half_sector
        int[h], 0-127.
    pindiode
        float32[r, h, 5]: readings of the PIN diodes over the run, ADC counts.
    led_mask
        int[h]: LEDs that were on, bit 0 the first.
    led_width, led_intensity
        int[h, 5]: pulse width and DAC setting of each LED.
    """

    half_sector: NDArray[np.int16]
    pindiode: NDArray[np.float32]
    led_mask: NDArray[np.int16]
    led_width: NDArray[np.int16]
    led_intensity: NDArray[np.int16]


class EventSource(Protocol):
    """An opened file of either format; `errors` are those its reads raise on damaged bytes."""

    errors: tuple[type[Exception], ...]

    def header(self) -> Mapping[str, Any]:
        """Return the header's values, as stored."""

    def towers(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return detector and towerid of each tower, of any integer type."""

    def shapes(self) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
        """Return shape (events first) and type of those of waveforms and amplitudes that it holds."""

    def read(self, name: str, first: int, last: int) -> NDArray[Any]:
        """Return events [first, last) of waveforms or amplitudes."""

    def light(self) -> dict[str, NDArray[Any]] | None:
        """Return the light monitoring's arrays by name, None if there are none."""


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
            run = _checked(path, source)
        yield run


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


def _checked(path: Path, source: EventSource) -> RunFile:
    header = _header(path, source.header())
    tower_id = _tower_ids(path, *source.towers())
    contents, events, samples = _contents(path, source, len(tower_id))
    stored = source.light()
    light = _light(path, stored) if stored is not None else None
    return RunFile(path, header, contents, tower_id, events, samples, light, source)


def _header(path: Path, stored: Mapping[str, Any]) -> RunHeader:
    if stored.get("format") != FORM:
        raise RunFileUnreadable(
            f"{path.name} is no run file this version reads",
            expected=FORM,
            found=repr(stored.get("format")),
        )
    kind = stored["kind"]
    if kind not in ("led", "pedestal"):
        raise RunFileMalformed(f"{path.name}: kind of run", expected="led or pedestal", found=repr(kind))
    header = RunHeader(
        run_number=int(stored["run_number"]),
        kind=kind,
        started_at=_time(path, stored["started_at"]),
        ended_at=_time(path, stored["ended_at"]),
        part=int(stored.get("part", 0)),
        full_scale=int(stored.get("full_scale", FULL_SCALE)),
    )
    _require(path, "run number", 0 <= header.run_number <= LARGEST_RUN_NUMBER, header.run_number)
    _require(path, "part", 0 <= header.part < 1000, header.part)
    _require(path, "full scale", 0 < header.full_scale <= 65535, header.full_scale)
    _require(path, "end before begin", header.ended_at >= header.started_at, header.ended_at)
    return header


def _time(path: Path, text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    _require(path, "time without offset from UTC", moment.tzinfo is not None, text)
    return moment.astimezone(UTC)


def _tower_ids(path: Path, detector: NDArray[Any], towerid: NDArray[Any]) -> NDArray[np.int32]:
    same = detector.ndim == 1 and detector.shape == towerid.shape
    _require(path, "detector and towerid of different length", same, (detector.shape, towerid.shape))
    _require(path, "number of towers", 0 < len(detector) <= int(_TOWERS.sum()), len(detector))
    integer = detector.dtype.kind in "iu" and towerid.dtype.kind in "iu"
    _require(path, "type of tower numbers", integer, (detector.dtype, towerid.dtype))
    detector, towerid = detector.astype(np.int64), towerid.astype(np.int64)
    known = (detector >= 0) & (detector < len(_TOWERS))
    known &= (towerid >= 0) & (towerid < _TOWERS[np.where(known, detector, 0)])
    _require(path, "towers the detector does not have", bool(known.all()), int((~known).sum()))
    number: NDArray[np.int32] = (_FIRST_TOWER_ID[detector] + towerid).astype(np.int32)
    _require(path, "a tower twice", len(np.unique(number)) == len(number), len(number))
    return number


def _contents(path: Path, source: EventSource, towers: int) -> tuple[Contents, int, int]:
    shapes = source.shapes()
    _require(path, "either waveforms or amplitudes", len(shapes) == 1, sorted(shapes))
    [(name, (shape, dtype))] = shapes.items()
    _require(path, f"towers of {name}", len(shape) >= 2 and shape[1] == towers, shape)
    _require(path, "no event", shape[0] > 0, shape)
    _require(path, "number of events", shape[0] <= MOST_EVENTS, shape)
    if name == "amplitudes":
        _require(path, "shape of amplitudes", len(shape) == 2, shape)
        _require(path, "type of amplitudes", dtype.kind in "iuf", dtype)
        return "amplitudes", shape[0], 1
    _require(path, "shape of waveforms", len(shape) == 3 and 1 <= shape[2] <= MOST_SAMPLES, shape)
    _require(path, "type of waveforms", dtype.kind == "u" and dtype.itemsize <= 2, dtype)
    return "waveforms", shape[0], shape[2]


def _light(path: Path, stored: Mapping[str, NDArray[Any]]) -> LightReadings:
    half_sector, pindiode = stored["half_sector"], stored["pindiode"]
    count = len(half_sector)
    once = len(np.unique(half_sector)) == count and 0 < count <= HALF_SECTORS
    _require(path, "half-sectors of the light monitoring", once, count)
    inside = bool(((half_sector >= 0) & (half_sector < HALF_SECTORS)).all())
    _require(path, "half-sectors the detector does not have", inside, half_sector)
    shaped = pindiode.ndim == 3 and pindiode.shape[1:] == (count, LEDS) and 0 < len(pindiode) <= MOST_READINGS
    _require(path, "shape of pindiode", shaped, pindiode.shape)
    for name, shape in (
        ("led_mask", (count,)),
        ("led_width", (count, LEDS)),
        ("led_intensity", (count, LEDS)),
    ):
        _require(path, f"shape of {name}", stored[name].shape == shape, stored[name].shape)
    settings = {name: stored[name].astype(np.int16) for name in ("led_mask", "led_width", "led_intensity")}
    return LightReadings(half_sector.astype(np.int16), pindiode.astype(np.float32), **settings)


def _require(path: Path, what: str, holds: bool, found: object) -> None:
    if not holds:
        raise RunFileMalformed(f"{path.name}: {what}", found=str(found)[:200])
