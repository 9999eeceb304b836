"""Read the header datasets of one UVH5 file, checked; visibilities are never touched.

The format is that of UVH5 memo 1.2 (pyuvdata); the older layout with a spectral-window axis and
``phase_type`` instead of a catalogue, which correlators still write, is read as well.
"""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from dsa_hcal_assets.radio.ingest.datasets import Floats, HeaderReader, Ints
from dsa_hcal_assets.radio.ingest.errors import BadHeader, UnreadableSubband
from dsa_hcal_assets.radio.ingest.header_checks import require_sound
from dsa_hcal_assets.radio.ingest.phase_centres import Field, PhaseKind, read_phase

__all__ = ["Field", "PhaseKind", "Uvh5Header", "hdf5_errors", "read_header"]

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
        fields, field_ids, drift = read_phase(scalars, len(times))
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
            digest=scalars.digest(size),
            file_bytes=size,
        )
        require_sound(result, file["Data"])
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
        status = path.stat()
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            # opening a FIFO would wait for a writer for ever
            raise UnreadableSubband(
                f"{path.name} cannot be opened", expected="a file", found="a special file"
            )
        with path.open("rb") as raw:
            signature = raw.read(8)
        size = status.st_size
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
