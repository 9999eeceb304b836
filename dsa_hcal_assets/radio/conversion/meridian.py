"""Whether the fields of a drift scan, one an integration, stand still over the ground."""

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.quality.verdicts import Metric
from dsa_hcal_assets.radio.conversion import geometry
from dsa_hcal_assets.radio.conversion.geometry import Site
from dsa_hcal_assets.radio.conversion.rows import DAY, MJD_ZERO
from dsa_hcal_assets.radio.conversion.survey import Survey
from dsa_hcal_assets.radio.ingest.uvh5 import Field

Floats = NDArray[np.float64]
ARCSEC = np.degrees(1) * 3600
NAME = "meridian_error"


def meridian_error(found: Survey, *, drifting: bool) -> Metric:
    """Return how far fields of a drift scan stray from one apparent place over the ground, arcsec.

    A set with one field, or of an array that tracks (`drifting` false), has no such fields. Other
    fields belong to one time each; there, hour angle and apparent declination have to be those of all
    others, so that right ascensions follow the apparent sidereal time. NaN where a field has no time
    or several.
    """
    fields = len(found.field_times)
    if not drifting or fields < 2:
        return Metric(NAME, 0.0, "fields do not depend on time")
    first, last = found.field_times.T
    if not np.array_equal(first, last):
        return Metric(
            NAME, float("nan"), f"{np.sum(first != last)} of {fields} fields have no time or several"
        )
    hour_angle, declination = _overhead(found, first / DAY + MJD_ZERO)
    middle = np.angle(np.exp(1j * hour_angle).mean()), declination.mean()
    east = (np.angle(np.exp(1j * (hour_angle - middle[0])))) * np.cos(declination)
    strayed = np.hypot(east, declination - middle[1]) * ARCSEC
    place = f"hour angle {np.degrees(middle[0]):.4f}, declination {np.degrees(middle[1]):.4f} deg"
    return Metric(
        NAME,
        float(strayed.max()),
        f"{fields} fields at {place}; worst: {found.field_names[strayed.argmax()]}",
    )


def _overhead(found: Survey, times_jd: Floats) -> tuple[Floats, Floats]:
    """Apparent hour angle and declination of each field at its time, rad."""
    site = _site(found)
    places = []
    with geometry.earth_orientation(times_jd):
        lst = geometry.sidereal_time(times_jd, site)
        for number, (ra, dec) in enumerate(found.directions["PHASE_DIR"]):
            field = Field(
                number, found.field_names[number], "sidereal", ra, dec, found.direction_frame, 2000.0
            )
            here = slice(number, number + 1)
            place = geometry.apparent_place(field, times_jd[here], lst[here], site)
            places.append((lst[number] - place.ra[0], place.dec[0]))
    hour_angle, declination = np.array(places).T
    return hour_angle, declination


def _site(found: Survey) -> Site:
    """The antennas' mean position: its distance from the array's reference turns all fields alike."""
    from astropy import units
    from astropy.coordinates import EarthLocation

    place = EarthLocation.from_geocentric(
        *found.antenna_positions_m[found.antennas_used].mean(axis=0), unit=units.m
    )
    return Site(float(place.lat.rad), float(place.lon.rad), float(place.height.to_value("m")))
