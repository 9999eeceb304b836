"""Which directions the visibilities of a UVH5 file refer to: its phase centres and its pointing."""

from dataclasses import dataclass
from typing import Literal

import h5py
import numpy as np

from dsa_hcal_assets.radio.ingest.datasets import HeaderReader, Ints
from dsa_hcal_assets.radio.ingest.errors import BadHeader

# drift: no delay tracking towards the sky other than a fixed direction over the ground
PhaseKind = Literal["drift", "zenith", "sidereal"]


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


def read_phase(
    reader: HeaderReader, nblts: int
) -> tuple[tuple[Field, ...], Ints, tuple[float | None, float]]:
    """Return the phase centres, the centre of each of `nblts` rows, and the drift scan's pointing.

    The pointing is (apparent declination or None, hour angle), rad.

    Raises
    ------
    BadHeader
        If the file has none, or one that cannot be understood.
    """
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
