"""Whether the header, towers, shapes and light monitoring of a run file make sense together."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.hcal.analysis_runs.run_contents import (
    FORM,
    FULL_SCALE,
    LEDS,
    Contents,
    EventSource,
    LightReadings,
    RunFileMalformed,
    RunFileUnreadable,
    RunHeader,
)
from dsa_hcal_assets.hcal.mapping.geometry import (
    EMCAL_FIRST_TOWER_ID,
    EMCAL_TOWERS,
    HALF_SECTORS,
    TOWERS_PER_DETECTOR,
)
from dsa_hcal_assets.hcal.snapshots.cycle import LARGEST_RUN

MOST_SAMPLES = 1024
MOST_EVENTS = 100_000_000
MOST_READINGS = 100_000  # of the PIN diodes in a run
_FIRST_TOWER_ID = np.array([0, TOWERS_PER_DETECTOR, EMCAL_FIRST_TOWER_ID])
_TOWERS = np.array([TOWERS_PER_DETECTOR, TOWERS_PER_DETECTOR, EMCAL_TOWERS])


@dataclass(frozen=True, eq=False)
class Checked:
    """What a run file holds beside its events; tower_id int32[t], unique over detectors."""

    header: RunHeader
    tower_id: NDArray[np.int32]
    contents: Contents
    events: int
    samples: int
    light: LightReadings | None


def checked(path: Path, source: EventSource) -> Checked:
    """Return what a file holds beside its events.

    Raises
    ------
    RunFileUnreadable
        If it is of another format.
    RunFileMalformed
        If its content contradicts itself or the detector. Whatever else its bytes lead to (`KeyError`,
        `ValueError` and their like) is left to the caller.
    """
    header = _header(path, source.header())
    tower_id = _tower_ids(path, *source.towers())
    contents, events, samples = _contents(path, source, len(tower_id))
    stored = source.light()
    light = _light(path, stored) if stored is not None else None
    return Checked(header, tower_id, contents, events, samples, light)


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
    _require(path, "run number", 0 <= header.run_number <= LARGEST_RUN, header.run_number)
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
