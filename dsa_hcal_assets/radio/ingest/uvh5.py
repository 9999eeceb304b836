"""Read the header datasets of one UVH5 file, checked; visibilities are never touched.

The format is that of UVH5 memo 1.2 (pyuvdata); the older layout with a spectral-window axis and
``phase_type`` instead of a catalogue, which correlators still write, is read as well.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import h5py
import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.ingest.datasets import HeaderReader
from dsa_hcal_assets.radio.ingest.errors import BadHeader, UnreadableSubband

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# drift: no delay tracking towards the sky other than a fixed direction over the ground
PhaseKind = Literal["drift", "zenith", "sidereal"]
# 1980 and 2100: a time stamp outside was never an observation
FIRST_JD, LAST_JD = 2444239.5, 2488069.5
# an antenna's number is its row in the Measurement Set: a damaged one would ask for gigabytes of rows
LARGEST_ANTENNA_NUMBER = 99_999
# h5py has no class of its own for damage: what HDF5 says decides which of these it raises
DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError)
REQUIRED = (
    "telescope_name",
    "latitude",
    "longitude",
    "altitude",
    "antenna_numbers",
    "antenna_names",
    "antenna_positions",
    "time_array",
    "ant_1_array",
    "ant_2_array",
    "integration_time",
    "freq_array",
    "channel_width",
    "polarization_array",
    "uvw_array",
)


@dataclass(frozen=True)
class Field:
    """A phase centre of the file's catalogue; `lon`, `lat` in rad in `frame` at `epoch`."""

    identifier: int
    name: str
    kind: PhaseKind
    lon: float
    lat: float
    frame: str
    epoch: float


@dataclass(frozen=True)
class Uvh5Header:
    """Header of one subband. Rows are baseline-times (nblts); positions relative to `location`."""

    path: Path
    telescope_name: str
    latitude_rad: float
    longitude_rad: float
    altitude_m: float
    antenna_numbers: Ints
    antenna_names: tuple[str, ...]
    antenna_positions_m: Floats  # (nants, 3), ITRF axes
    antenna_diameters_m: Floats | None
    times_jd: Floats  # (nblts,), UTC, middle of the integration
    ant1: Ints
    ant2: Ints
    integration_s: Floats
    frequencies_hz: Floats  # (nfreqs,), file order
    channel_widths_hz: Floats
    polarizations: Ints  # AIPS codes, file order
    uvw_m: Floats  # (nblts, 3), as stored
    visibility_units: str
    fields: tuple[Field, ...]
    field_ids: Ints  # (nblts,), identifiers in `fields`
    drift_app_dec_rad: float | None  # fixed apparent declination of a drift scan
    drift_hour_angle_rad: float
    observer: str
    digest: str
    file_bytes: int

    @property
    def phase_kind(self) -> PhaseKind:
        """Kind of the file's phase centres (one kind a file)."""
        return self.fields[0].kind


def read_header(path: Path) -> Uvh5Header:
    """Read and check the header of `path`.

    Raises
    ------
    UnreadableSubband
        If the file is empty, truncated, not HDF5 or may not be read.
    BadHeader
        If a dataset is missing, has a wrong shape or type, or holds impossible values.
    """
    size = _require_bytes(path)
    with hdf5_errors(path), h5py.File(path, "r", locking=False) as file:
        _require_datasets(path, file)
        header = file["Header"]
        scalars = HeaderReader(path, header)
        times = scalars.floats("time_array")
        freqs = scalars.floats("freq_array")
        fields, field_ids, drift = _read_phase(scalars, len(times))
        result = Uvh5Header(
            path=path,
            telescope_name=scalars.text("telescope_name"),
            latitude_rad=float(np.radians(scalars.number("latitude"))),
            longitude_rad=float(np.radians(scalars.number("longitude"))),
            altitude_m=scalars.number("altitude"),
            antenna_numbers=scalars.integers("antenna_numbers"),
            antenna_names=scalars.texts("antenna_names"),
            antenna_positions_m=scalars.matrix("antenna_positions"),
            antenna_diameters_m=scalars.floats("antenna_diameters")
            if "antenna_diameters" in header
            else None,
            times_jd=times,
            ant1=scalars.integers("ant_1_array"),
            ant2=scalars.integers("ant_2_array"),
            integration_s=scalars.floats("integration_time"),
            frequencies_hz=freqs,
            channel_widths_hz=_channel_widths(scalars, freqs),
            polarizations=scalars.integers("polarization_array"),
            uvw_m=scalars.matrix("uvw_array"),
            visibility_units=scalars.text("vis_units", "uncalib"),
            fields=fields,
            field_ids=field_ids,
            drift_app_dec_rad=drift[0],
            drift_hour_angle_rad=drift[1],
            observer=scalars.text("extra_keywords/OBSERVER", ""),
            digest=_digest(header, size),
            file_bytes=size,
        )
        _check(result, file["Data"])
    return result


@contextmanager
def hdf5_errors(path: Path) -> Iterator[None]:
    """Turn what the HDF5 library raises while `path` is opened or read into a typed error.

    Raises
    ------
    UnreadableSubband
        For anything the library cannot open or read.
    """
    try:
        yield
    except DAMAGE as error:
        truncated = "truncated" in str(error)
        raise UnreadableSubband(
            f"{path.name} cannot be read as HDF5",
            expected="a complete UVH5 file",
            found=("a truncated file: " if truncated else "") + " ".join(str(error).split())[:300],
            remedy="send the file again from the correlator" if truncated else "check what wrote this file",
        ) from error


def _require_bytes(path: Path) -> int:
    try:
        with path.open("rb") as raw:
            signature = raw.read(8)
        size = path.stat().st_size
    except OSError as error:
        raise UnreadableSubband(
            f"{path.name} cannot be opened",
            found=str(error.strerror),
            remedy="give the platform read permission",
        ) from error
    if size == 0:
        raise UnreadableSubband(f"{path.name} is empty", expected="a UVH5 file", found="0 bytes")
    if signature != b"\x89HDF\r\n\x1a\n":
        raise UnreadableSubband(
            f"{path.name} is not HDF5",
            expected="the HDF5 signature",
            found=repr(signature),
            remedy="see what wrote it",
        )
    return size


def _require_datasets(path: Path, file: h5py.File) -> None:
    missing = [name for name in ("Header", "Data") if not isinstance(file.get(name), h5py.Group)]
    if not missing:
        missing = [
            f"Header/{name}" for name in REQUIRED if not isinstance(file["Header"].get(name), h5py.Dataset)
        ]
        names = ("visdata", "flags", "nsamples")
        missing += [f"Data/{name}" for name in names if not isinstance(file["Data"].get(name), h5py.Dataset)]
    if missing:
        raise BadHeader(
            f"{path.name} is HDF5 but not UVH5",
            expected="the datasets of UVH5",
            found=f"no {', '.join(missing)}",
        )


def _channel_widths(reader: HeaderReader, freqs: Floats) -> Floats:
    widths = np.abs(reader.floats("channel_width"))
    if len(widths) not in (1, len(freqs)):
        raise BadHeader(
            f"{reader.path.name}: channel_width has a wrong shape",
            expected=f"one value or {len(freqs)}",
            found=f"{len(widths)} values",
        )
    return np.broadcast_to(widths, freqs.shape)


def _read_phase(
    reader: HeaderReader, nblts: int
) -> tuple[tuple[Field, ...], Ints, tuple[float | None, float]]:
    header = reader.header
    pointing = "extra_keywords/phase_center_dec"
    declination = reader.number(pointing) if pointing in header else None
    if "phase_center_catalog" in header:
        catalog = header["phase_center_catalog"]
        if not isinstance(catalog, h5py.Group) or not all(key.isdecimal() for key in catalog):
            raise BadHeader(
                f"{reader.path.name}: phase_center_catalog", expected="a group of phase centres by number"
            )
        fields = tuple(_read_field(reader, key) for key in sorted(catalog, key=int))
        if "phase_center_id_array" in header:
            ids = reader.integers("phase_center_id_array")
        else:
            ids = np.full(nblts, fields[0].identifier if fields else 0, np.int64)
        if declination is None and "phase_center_app_dec" in header and fields and fields[0].kind == "drift":
            declination = reader.first_number("phase_center_app_dec")
    elif reader.text("phase_type", "") == "drift":
        kind: PhaseKind = "zenith" if declination is None else "drift"
        fields = (Field(0, "meridian", kind, 0.0, 0.0, "altaz", 2000.0),)
        ids = np.zeros(nblts, np.int64)
    elif reader.text("phase_type", "") == "phased":
        lon, lat = reader.number("phase_center_ra"), reader.number("phase_center_dec")
        frame = reader.text("phase_center_frame", "icrs")
        fields = (Field(0, reader.text("object_name", "field0"), "sidereal", lon, lat, frame, 2000.0),)
        ids = np.zeros(nblts, np.int64)
    else:
        raise BadHeader(f"{reader.path.name}: no phase centre", expected="phase_center_catalog or phase_type")
    hour_angle = "extra_keywords/ha_phase_center"
    return fields, ids, (declination, reader.number(hour_angle) if hour_angle in header else 0.0)


def _read_field(reader: HeaderReader, key: str) -> Field:
    group = f"phase_center_catalog/{key}"
    kinds: dict[str, PhaseKind] = {"sidereal": "sidereal", "driftscan": "drift", "unprojected": "zenith"}
    cat_type = reader.text(f"{group}/cat_type")
    if cat_type not in kinds:
        raise BadHeader(
            f"{reader.path.name}: phase centre {key} is of type {cat_type!r}",
            expected=f"one of {', '.join(kinds)}",
        )
    kind = kinds[cat_type]
    epoch = reader.header.get(f"{group}/cat_epoch")
    without_epoch = epoch is None or (isinstance(epoch, h5py.Dataset) and epoch.shape is None)
    return Field(
        identifier=int(key),
        name=reader.text(f"{group}/cat_name"),
        kind=kind,
        lon=0.0 if kind == "zenith" else reader.number(f"{group}/cat_lon"),
        lat=np.pi / 2 if kind == "zenith" else reader.number(f"{group}/cat_lat"),
        frame=reader.text(f"{group}/cat_frame", "icrs"),
        epoch=2000.0 if without_epoch else reader.number(f"{group}/cat_epoch"),
    )


def _digest(header: h5py.Group, size: int) -> str:
    """sha256 over name, type, shape and bytes of every header dataset, and the file's size."""
    hasher = hashlib.sha256(f"size {size}\n".encode())

    def add(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            hasher.update(f"{name} {item.dtype.str} {item.shape}\n".encode())
            if item.shape is not None:
                values = np.ascontiguousarray(item[()])
                # texts of variable length are pointers in memory; their words count, not where they lie
                words = repr(values.tolist()).encode() if values.dtype.hasobject else values.tobytes()
                hasher.update(words)

    header.visititems(add)
    return hasher.hexdigest()


def _check(header: Uvh5Header, data: h5py.Group) -> None:
    name, nblts, nants = header.path.name, len(header.times_jd), len(header.antenna_numbers)
    shapes = {
        "time_array": (header.times_jd.shape, (nblts,)),
        "ant_1_array": (header.ant1.shape, (nblts,)),
        "ant_2_array": (header.ant2.shape, (nblts,)),
        "integration_time": (header.integration_s.shape, (nblts,)),
        "uvw_array": (header.uvw_m.shape, (nblts, 3)),
        "phase_center_id_array": (header.field_ids.shape, (nblts,)),
        "antenna_names": ((len(header.antenna_names),), (nants,)),
        "antenna_positions": (header.antenna_positions_m.shape, (nants, 3)),
    }
    for dataset in ("visdata", "flags", "nsamples"):
        shape = data[dataset].shape
        if len(shape) == 4 and shape[1] == 1:
            shape = (shape[0], *shape[2:])
        shapes[f"Data/{dataset}"] = (shape, (nblts, len(header.frequencies_hz), len(header.polarizations)))
    for dataset, (found, expected) in shapes.items():
        if found != expected:
            raise BadHeader(f"{name}: {dataset} has a wrong shape", expected=str(expected), found=str(found))
    if nblts == 0 or not len(header.frequencies_hz) or not header.fields:
        raise BadHeader(f"{name} is empty", expected="rows, channels and a phase centre")
    _check_values(header)


def _check_values(header: Uvh5Header) -> None:
    freqs, steps = header.frequencies_hz, np.diff(header.frequencies_hz)
    pointing = header.drift_app_dec_rad or 0.0
    known_fields = [field.identifier for field in header.fields]
    rules = {
        "time_array has values that are no time (NaN, infinite, or outside 1980-2100)": np.all(
            (header.times_jd > FIRST_JD) & (header.times_jd < LAST_JD)
        ),
        "integration_time is not positive everywhere": np.all(
            (header.integration_s > 0) & np.isfinite(header.integration_s)
        ),
        "freq_array is not positive and monotonic": np.all((freqs > 0) & np.isfinite(freqs))
        and (np.all(steps > 0) or np.all(steps < 0)),
        "channel_width is not positive": np.all(
            (header.channel_widths_hz > 0) & np.isfinite(header.channel_widths_hz)
        ),
        "antenna_positions are not finite": np.all(np.isfinite(header.antenna_positions_m)),
        "antenna_numbers repeat or are negative": len(set(header.antenna_numbers.tolist()))
        == len(header.antenna_numbers)
        and bool(np.all(header.antenna_numbers >= 0)),
        f"antenna_numbers go beyond {LARGEST_ANTENNA_NUMBER}": np.all(
            header.antenna_numbers <= LARGEST_ANTENNA_NUMBER
        ),
        "ant_1_array or ant_2_array name antennas the header does not list": np.all(
            np.isin(header.ant1, header.antenna_numbers) & np.isin(header.ant2, header.antenna_numbers)
        ),
        "phase_center_id_array names fields the catalogue does not list": np.all(
            np.isin(header.field_ids, known_fields)
        ),
        "the catalogue mixes kinds of phase centres": len({field.kind for field in header.fields}) == 1,
        "a phase centre is no direction": all(
            np.isfinite(field.lon) and abs(field.lat) <= np.pi / 2 for field in header.fields
        ),
        "the pointing (phase_center_dec, ha_phase_center) is no direction": abs(pointing) <= np.pi / 2
        and abs(header.drift_hour_angle_rad) <= 2 * np.pi,
        "uvw_array is not finite": header.phase_kind != "sidereal" or np.all(np.isfinite(header.uvw_m)),
        "the site is not on Earth": abs(header.latitude_rad) <= np.pi / 2
        and abs(header.longitude_rad) <= 2 * np.pi
        and abs(header.altitude_m) < 1e4,
    }
    for complaint, holds in rules.items():
        if not holds:
            raise BadHeader(f"{header.path.name}: {complaint}", remedy="check the correlator's header writer")
