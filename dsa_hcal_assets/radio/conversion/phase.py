"""Which direction each row of the Measurement Set is phased to, and the delay that takes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.conversion import geometry
from dsa_hcal_assets.radio.conversion.errors import UnsuitablePhase
from dsa_hcal_assets.radio.conversion.geometry import ApparentPlace, Floats, Site
from dsa_hcal_assets.radio.ingest.uvh5 import Field, Uvh5Header
from dsa_hcal_assets.radio.profiles.model import Profile


@dataclass(frozen=True)
class PhaseCentre:
    """A direction on the sky: ICRS, rad."""

    name: str
    ra_rad: float
    dec_rad: float

    def as_json(self) -> dict[str, str | float]:
        """Return the centre for a worker call or a provenance record."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, object]) -> Self:
        """Return the centre `as_json` described."""
        return cls(
            str(record["name"]),
            float(str(record["ra_rad"])),
            float(str(record["dec_rad"])),
        )

    def as_field(self) -> Field:
        """Return the centre as the one field of a Measurement Set."""
        return Field(0, self.name, "sidereal", self.ra_rad, self.dec_rad, "icrs", 2000.0)


@dataclass(frozen=True)
class Phasing:
    """Fields of the Measurement Set, the field of each row, its (u, v, w) and its extra delay.

    `uvw_m` is antenna 2 minus antenna 1 (pyuvdata's convention, shape (nblts, 3)). Visibilities of
    the file are multiplied by ``exp(-2 pi i delay_m f / c)``; None: they stay as they are.
    """

    fields: tuple[Field, ...]
    field_rows: NDArray[np.int64]
    uvw_m: Floats
    delay_m: Floats | None


def midpoint_centre(header: Uvh5Header) -> PhaseCentre:
    """Return the direction over the pointing's meridian at the middle of a drift scan.

    Raises
    ------
    UnsuitablePhase
        If the header does not say at which declination the array points.
    NoEarthOrientation
        If the time lies outside the IERS table.
    """
    if header.drift_app_dec_rad is None:
        raise UnsuitablePhase(
            f"{header.path.name}: the pointing declination is not in the header",
            expected="a driftscan phase centre or extra_keywords/phase_center_dec",
            remedy="give a phase centre",
        )
    middle = 0.5 * float(header.times_jd.min() + header.times_jd.max())
    with geometry.earth_orientation(np.array([middle])):
        ra, dec = geometry.meridian_icrs(
            header.drift_app_dec_rad, header.drift_hour_angle_rad, middle, Site.of(header)
        )
    return PhaseCentre("meridian", ra, dec)


def phase(header: Uvh5Header, profile: Profile, centre: PhaseCentre | None) -> Phasing:
    """Work out fields, (u, v, w) and delays of all rows of a group.

    Drift scans go to `centre`, or to the meridian at mid-time. Phased data keep their fields unless
    a `centre` is given.

    Raises
    ------
    UnsuitablePhase
        If the header's phase type is not the profile's.
    NoEarthOrientation
        If the times lie outside the IERS table.
    """
    phased = header.phase_kind == "sidereal"
    if phased != (profile.conversion.input_phase == "phased"):
        raise UnsuitablePhase(
            f"{header.path.name}: phase type does not suit profile {profile.name}",
            expected=profile.conversion.input_phase,
            found=header.phase_kind,
            remedy="correct the profile's conversion.input_phase or the correlator's header",
        )
    if phased and centre is None:
        return _keep_fields(header, profile)
    return _to_one_centre(header, centre or midpoint_centre(header))


def uvw_of_fields(header: Uvh5Header) -> Floats:
    """Return (u, v, w) computed from antenna positions for the file's own sidereal fields."""
    uvw = np.empty((len(header.times_jd), 3))
    site = Site.of(header)
    for field in header.fields:
        rows = np.flatnonzero(header.field_ids == field.identifier)
        if len(rows):
            times, which = np.unique(header.times_jd[rows], return_inverse=True)
            with geometry.earth_orientation(times):
                lst = geometry.sidereal_time(times, site)
                place = geometry.apparent_place(field, times, lst, site)
            uvw[rows] = _baselines(header, rows, which, place, lst)
    return uvw


def _keep_fields(header: Uvh5Header, profile: Profile) -> Phasing:
    rows = np.searchsorted([field.identifier for field in header.fields], header.field_ids)
    uvw = header.uvw_m if profile.conversion.uvw == "file" else uvw_of_fields(header)
    return Phasing(header.fields, rows, uvw, None)


def _to_one_centre(header: Uvh5Header, centre: PhaseCentre) -> Phasing:
    site, field = Site.of(header), centre.as_field()
    every = np.arange(len(header.times_jd))
    times, which = np.unique(header.times_jd, return_inverse=True)
    with geometry.earth_orientation(times):
        lst = geometry.sidereal_time(times, site)
        place = geometry.apparent_place(field, times, lst, site)
        uvw = _baselines(header, every, which, place, lst)
        if header.phase_kind == "zenith":
            # unprojected: no delay was ever inserted towards the sky
            tracked = np.zeros(len(every))
        elif header.phase_kind == "drift":
            overhead = ApparentPlace(
                lst - header.drift_hour_angle_rad,
                np.full_like(lst, header.drift_app_dec_rad or 0.0),
                np.zeros_like(lst),
            )
            tracked = _baselines(header, every, which, overhead, lst)[:, 2]
        else:
            tracked = uvw_of_fields(header)[:, 2]
    return Phasing((field,), np.zeros(len(every), np.int64), uvw, uvw[:, 2] - tracked)


def _baselines(
    header: Uvh5Header, rows: NDArray[np.int64], which: NDArray[np.int64], place: ApparentPlace, lst: Floats
) -> Floats:
    antennas = geometry.antenna_uvw(header.antenna_positions_m, place, lst, header.longitude_rad)
    order = np.argsort(header.antenna_numbers)
    first = order[np.searchsorted(header.antenna_numbers[order], header.ant1[rows])]
    second = order[np.searchsorted(header.antenna_numbers[order], header.ant2[rows])]
    difference: Floats = antennas[which, second] - antennas[which, first]
    return difference
