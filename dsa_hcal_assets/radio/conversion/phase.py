"""Which direction each row of the Measurement Set is phased to, and the delay that takes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.conversion import geometry
from dsa_hcal_assets.radio.conversion.errors import UnsuitablePhase
from dsa_hcal_assets.radio.conversion.geometry import ApparentPlace, Floats, Site
from dsa_hcal_assets.radio.ingest.uvh5 import Field, PhaseKind, Uvh5Header
from dsa_hcal_assets.radio.profiles.model import InputPhase, Profile

# what a header has to say about its phase centres for each kind of input a profile may expect
HEADER_KINDS: dict[InputPhase, PhaseKind] = {"meridian": "drift", "zenith": "zenith", "phased": "sidereal"}


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

    def as_field(self, identifier: int = 0) -> Field:
        """Return the centre as a field of a Measurement Set."""
        return Field(identifier, self.name, "sidereal", self.ra_rad, self.dec_rad, "icrs", 2000.0)


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
    declination = _pointing(header)
    middle = 0.5 * float(header.times_jd.min() + header.times_jd.max())
    with geometry.earth_orientation(np.array([middle])):
        ra, dec = geometry.meridian_icrs(
            declination, header.drift_hour_angle_rad, np.array([middle]), Site.of(header)
        )
    return PhaseCentre("meridian", float(ra[0]), float(dec[0]))


def phase(header: Uvh5Header, profile: Profile, centre: PhaseCentre | None = None) -> Phasing:
    """Work out fields, (u, v, w) and delays of all rows of a group.

    A named `centre` counts before everything; without one the profile's policy decides: one centre on
    the meridian at mid-time, the meridian of each integration, or the fields of the file.

    Raises
    ------
    UnsuitablePhase
        If the header's phase type is not the profile's, or has not what the policy needs.
    NoEarthOrientation
        If the times lie outside the IERS table.
    """
    _require_agreement(header, profile)
    if centre is not None:
        return _to_one_centre(header, centre)
    match profile.conversion.phase_centre:
        case "header":
            return _keep_fields(header, profile)
        case "meridian":
            return _to_each_meridian(header)
        case "midpoint" | "calibrator":
            return _to_one_centre(header, midpoint_centre(header))


def _require_agreement(header: Uvh5Header, profile: Profile) -> None:
    expected = profile.conversion.input_phase
    if HEADER_KINDS[expected] != header.phase_kind:
        raise UnsuitablePhase(
            f"{header.path.name}: phase type does not suit profile {profile.name}",
            expected=f"{HEADER_KINDS[expected]} (conversion.input_phase = {expected})",
            found=header.phase_kind,
            remedy="correct the profile's conversion.input_phase or the correlator's header",
        )


def _pointing(header: Uvh5Header) -> float:
    if header.drift_app_dec_rad is None:
        raise UnsuitablePhase(
            f"{header.path.name}: the pointing declination is not in the header",
            expected="a driftscan phase centre or extra_keywords/phase_center_dec",
            remedy="give a phase centre",
        )
    return header.drift_app_dec_rad


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
    if header.phase_kind != "sidereal":
        raise UnsuitablePhase(
            f"{header.path.name}: its phase centre is no direction on the sky and cannot be kept",
            expected="phased data",
            found=header.phase_kind,
            remedy="choose phase_centre meridian, midpoint or a named direction",
        )
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
    tracked = _tracked_w(header, which, lst)
    return Phasing((field,), np.zeros(len(every), np.int64), uvw, uvw[:, 2] - tracked)


def _to_each_meridian(header: Uvh5Header) -> Phasing:
    """Refer each integration to its own meridian: what a correlator that stops fringes there has done."""
    site, declination = Site.of(header), _pointing(header)
    every = np.arange(len(header.times_jd))
    times, which = np.unique(header.times_jd, return_inverse=True)
    with geometry.earth_orientation(times):
        lst = geometry.sidereal_time(times, site)
        ra, dec = geometry.meridian_icrs(declination, header.drift_hour_angle_rad, times, site)
        place = geometry.apparent_meridian(declination, header.drift_hour_angle_rad, times, lst, site)
    uvw = _baselines(header, every, which, place, lst)
    centres = [
        PhaseCentre(f"meridian_icrs_t{number}", float(one_ra), float(one_dec))
        for number, (one_ra, one_dec) in enumerate(zip(ra, dec, strict=True))
    ]
    fields = tuple(centre.as_field(number) for number, centre in enumerate(centres))
    if header.phase_kind == "drift":
        return Phasing(fields, which, uvw, None)
    return Phasing(fields, which, uvw, uvw[:, 2] - _tracked_w(header, which, lst))


def _tracked_w(header: Uvh5Header, which: NDArray[np.int64], lst: Floats) -> Floats:
    """Return the delay already taken out of each row, m: towards nothing, the fixed pointing or a field."""
    match header.phase_kind:
        case "zenith":
            return np.zeros(len(which))
        case "sidereal":
            return uvw_of_fields(header)[:, 2]
        case "drift":
            overhead = ApparentPlace(
                lst - header.drift_hour_angle_rad, np.full_like(lst, _pointing(header)), np.zeros_like(lst)
            )
            return _baselines(header, np.arange(len(which)), which, overhead, lst)[:, 2]


def _baselines(
    header: Uvh5Header, rows: NDArray[np.int64], which: NDArray[np.int64], place: ApparentPlace, lst: Floats
) -> Floats:
    antennas = geometry.antenna_uvw(header.antenna_positions_m, place, lst, header.longitude_rad)
    order = np.argsort(header.antenna_numbers)
    first = order[np.searchsorted(header.antenna_numbers[order], header.ant1[rows])]
    second = order[np.searchsorted(header.antenna_numbers[order], header.ant2[rows])]
    difference: Floats = antennas[which, second] - antennas[which, first]
    return difference
