"""What the fields of a Measurement Set are for: bandpass and flux scale, gains, targets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path

import numpy as np

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.calibration.matching import match_calibrator
from dsa_hcal_assets.radio.calibration.standards import Calibrator, separation_deg
from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY
from dsa_hcal_assets.radio.profiles.model import Profile

MJD_EPOCH = datetime(1858, 11, 17, tzinfo=UTC)
# a field is "at" a calibrator within this: the same source in catalogues of different accuracy
SAME_SOURCE_ARCSEC = 5.0


class NoCalibrator(BadInput):
    """A group holds no source that could calibrate it; a set of another group must be applied."""


@dataclass(frozen=True)
class Field:
    """One FIELD row that has data: id, name and phase centre (deg)."""

    number: int
    name: str
    ra_deg: float
    dec_deg: float


@dataclass(frozen=True)
class Roles:
    """The fields of a group by what they are for.

    Attributes
    ----------
    bandpass
        Fields with a source of known flux density, each with that source.
    gain
        Secondary calibrators: compact, near the target, of unknown flux density.
    targets
        Everything else.
    """

    bandpass: tuple[tuple[Field, Calibrator], ...]
    gain: tuple[Field, ...]
    targets: tuple[Field, ...]


@dataclass(frozen=True)
class Span:
    """When a Measurement Set was observed (UTC) and from where, and its middle frequency."""

    start: datetime
    end: datetime
    longitude_deg: float
    frequency_hz: float

    @property
    def middle(self) -> datetime:
        """Mid-time, UTC."""
        return self.start + (self.end - self.start) / 2


def fields_with_data(ms: Path) -> tuple[Field, ...]:
    """Return the fields that occur in the main table, by id."""
    from casacore.tables import table

    with table(str(ms), **READ_ONLY) as main:
        used = np.unique(main.getcol("FIELD_ID"))
    with table(str(ms / "FIELD"), **READ_ONLY) as fields:
        names = fields.getcol("NAME")
        centres = [np.degrees(fields.getcell("PHASE_DIR", int(number))[0]) for number in used]
    return tuple(
        Field(int(number), str(names[number]), float(centre[0]) % 360.0, float(centre[1]))
        for number, centre in zip(used, centres, strict=True)
    )


def span(ms: Path) -> Span:
    """Return time range, longitude and middle frequency of a Measurement Set."""
    import erfa
    from casacore.tables import table

    with table(str(ms), **READ_ONLY) as main:
        times, intervals = main.getcol("TIME"), main.getcol("INTERVAL")
        reference = main.getcolkeyword("TIME", "MEASINFO").get("Ref", "UTC")
        antennas = np.unique(main.getcol("ANTENNA1"))
    with table(str(ms / "ANTENNA"), **READ_ONLY) as table_of_antennas:
        positions = table_of_antennas.getcol("POSITION")[antennas]
    with table(str(ms / "SPECTRAL_WINDOW"), **READ_ONLY) as windows:
        frequency = float(np.mean([windows.getcell("CHAN_FREQ", n).mean() for n in range(windows.nrows())]))
    longitude, _, _ = erfa.gc2gd(1, np.median(positions, axis=0))
    edges = float((times - intervals / 2).min()), float((times + intervals / 2).max())
    start, end = (_moment(seconds, reference) for seconds in edges)
    return Span(start, end, float(np.degrees(longitude)), frequency)


def assign(
    ms: Path, profile: Profile, calibrators: Sequence[Calibrator], pointing_dec_deg: float | None = None
) -> Roles:
    """Find out what each field of a Measurement Set is for, as the profile says.

    Parameters
    ----------
    ms
        Measurement Set.
    profile
        ``calibration.selection`` "field" goes by names, "transit" by what crosses the beam.
    calibrators
        Sources of known flux density.
    pointing_dec_deg
        Apparent declination the dishes pointed to (default: that of the phase centre).

    Raises
    ------
    NoCalibrator
        If no field can calibrate the group; says what was looked for and what is there.
    """
    fields = fields_with_data(ms)
    by_name = profile.calibration.selection == "field"
    bandpass = (
        _by_name(fields, profile, calibrators)
        if by_name
        else _by_transit(fields, profile, calibrators, span(ms), pointing_dec_deg)
    )
    if not bandpass:
        raise NoCalibrator(
            f"{ms.name} holds no calibrator",
            expected=f"a field like {', '.join(profile.calibration.bandpass_fields)}"
            if by_name
            else "a field phased to a catalogue source that transits within the group",
            found=", ".join(f"{f.name} ({f.ra_deg:.4f}, {f.dec_deg:+.4f} deg)" for f in fields[:6]),
            remedy="apply a set of another group, or load a calibrator table that holds the source",
        )
    primary = {field for field, _ in bandpass}
    gain = tuple(f for f in fields if f not in primary and _matches(f.name, profile.calibration.gain_fields))
    return Roles(bandpass, gain, tuple(f for f in fields if f not in primary and f not in gain))


def _by_name(
    fields: Sequence[Field], profile: Profile, calibrators: Sequence[Calibrator]
) -> tuple[tuple[Field, Calibrator], ...]:
    wanted = [f for f in fields if _matches(f.name, profile.calibration.bandpass_fields)]
    known = ((field, _at(field, calibrators)) for field in wanted)
    return tuple((field, source) for field, source in known if source is not None)


def _by_transit(
    fields: Sequence[Field],
    profile: Profile,
    calibrators: Sequence[Calibrator],
    when: Span,
    pointing_dec_deg: float | None,
) -> tuple[tuple[Field, Calibrator], ...]:
    choices = profile.calibration
    margin = timedelta(seconds=1)
    matches = match_calibrator(
        when.start - margin,
        when.end + margin,
        fields[0].dec_deg if pointing_dec_deg is None else pointing_dec_deg,
        longitude_deg=when.longitude_deg,
        dish_diameter_m=profile.dish_diameter_m,
        radius_deg=choices.match_radius_deg,
        top=choices.match_top,
        min_flux_jy=choices.min_flux_jy,
        frequency_hz=when.frequency_hz,
        calibrators=calibrators,
    )
    for match in matches:
        at = tuple((field, match.calibrator) for field in fields if _at(field, [match.calibrator]))
        if at:
            return at
    return ()


def _at(field: Field, calibrators: Sequence[Calibrator]) -> Calibrator | None:
    for source in calibrators:
        distance = separation_deg(field.ra_deg, field.dec_deg, source.ra_deg, source.dec_deg)
        if distance * 3600 <= SAME_SOURCE_ARCSEC:
            return source
    return None


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def _moment(seconds: float, reference: str) -> datetime:
    """Return a table's time (MJD seconds in UTC, or TAI as old VLA archives have it) as UTC."""
    from astropy.time import Time

    moment = MJD_EPOCH + timedelta(seconds=seconds)
    if reference.upper() in ("TAI", "IAT"):
        return Time(moment.replace(tzinfo=None), scale="tai").utc.to_datetime(timezone=UTC)  # type: ignore[no-any-return]
    return moment
