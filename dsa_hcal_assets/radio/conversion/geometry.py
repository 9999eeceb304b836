"""Earth orientation, apparent coordinates and (u, v, w) of baselines.

Apparent places come from pyuvdata's interface to ERFA; the rotation of baselines is ours and
vectorised over unique times. Angles in rad, lengths in m, times in JD (UTC).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.conversion.errors import NoEarthOrientation
from dsa_hcal_assets.radio.ingest.uvh5 import Field, Uvh5Header

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Site:
    """Reference point of the array, geodetic WGS84."""

    latitude_rad: float
    longitude_rad: float
    altitude_m: float

    @classmethod
    def of(cls, header: Uvh5Header) -> "Site":
        """Return the site a header names."""
        return cls(header.latitude_rad, header.longitude_rad, header.altitude_m)

    def location(self) -> object:
        """Return the site as an astropy EarthLocation."""
        from astropy import units
        from astropy.coordinates import EarthLocation

        return EarthLocation.from_geodetic(
            lon=self.longitude_rad * units.rad,
            lat=self.latitude_rad * units.rad,
            height=self.altitude_m * units.m,
        )

    def itrf_m(self) -> Floats:
        """Return the geocentric position, shape (3,), m."""
        location = self.location()
        return np.array([axis.to_value("m") for axis in location.geocentric])  # type: ignore[attr-defined]


@dataclass(frozen=True)
class ApparentPlace:
    """Direction of one phase centre at unique times, each of shape (ntimes,), rad."""

    ra: Floats
    dec: Floats
    frame_pa: Floats


@contextmanager
def earth_orientation(times_jd: Floats) -> Iterator[None]:
    """Let astropy use the installed IERS table, never the network, after checking that it reaches.

    UT1-UTC outside the table would be guessed; 0.1 s of it are 1.5 arcsec.

    Raises
    ------
    NoEarthOrientation
        If a time lies outside the table.
    """
    from astropy.utils import iers

    # auto_max_age: predictions older than a month are still good to 0.1 arcsec for a year
    with iers.conf.set_temp("auto_download", False), iers.conf.set_temp("auto_max_age", None):
        table = iers.earth_orientation_table.get()
        first, last = (float(table["MJD"][i].value) for i in (0, -1))
        mjd = np.asarray(times_jd) - 2400000.5
        if mjd.min() < first or mjd.max() > last:
            raise NoEarthOrientation(
                f"Earth orientation is not known at MJD {mjd.min():.2f} to {mjd.max():.2f}",
                expected=f"a time between MJD {first:.0f} and {last:.0f} of the installed IERS table",
                kept="the input files stay where they are",
                remedy="update the package astropy-iers-data",
            )
        yield


def sidereal_time(times_jd: Floats, site: Site) -> Floats:
    """Return the local apparent sidereal time, rad, at each of `times_jd`."""
    from pyuvdata.utils.times import get_lst_for_time

    return np.asarray(get_lst_for_time(jd_array=times_jd, telescope_loc=site.location()), np.float64)


def apparent_place(field: Field, times_jd: Floats, lst: Floats, site: Site) -> ApparentPlace:
    """Return the apparent direction of a sidereal field and the position angle of its frame's north."""
    from pyuvdata.utils import phasing

    ra, dec = phasing.calc_app_coords(
        lon_coord=field.lon,
        lat_coord=field.lat,
        coord_frame=field.frame,
        coord_epoch=field.epoch,
        coord_type="sidereal",
        time_array=times_jd,
        lst_array=lst,
        telescope_loc=site.location(),
    )
    angle = phasing.calc_frame_pos_angle(
        time_array=times_jd,
        app_ra=ra,
        app_dec=dec,
        telescope_loc=site.location(),
        ref_frame=field.frame,
        ref_epoch=field.epoch,
    )
    return ApparentPlace(np.asarray(ra), np.asarray(dec), np.asarray(angle))


def meridian_icrs(
    declination: float, hour_angle: float, times_jd: Floats, site: Site
) -> tuple[Floats, Floats]:
    """Return ICRS (ra, dec) of the apparent direction (`hour_angle`, `declination`) at each time, rad."""
    from pyuvdata.utils import phasing

    lst = sidereal_time(times_jd, site)
    ra, dec = phasing.calc_sidereal_coords(
        time_array=times_jd,
        app_ra=(lst - hour_angle) % (2 * np.pi),
        app_dec=np.full_like(lst, declination),
        telescope_loc=site.location(),
        coord_frame="icrs",
    )
    return np.asarray(ra, np.float64), np.asarray(dec, np.float64)


def apparent_meridian(
    declination: float, hour_angle: float, times_jd: Floats, lst: Floats, site: Site
) -> ApparentPlace:
    """Return the fixed direction (`hour_angle`, `declination`) as an apparent place at each time.

    Its position angle is that of ICRS north, so that (u, v) belong to `meridian_icrs` of the time.
    """
    from pyuvdata.utils import phasing

    ra, dec = (lst - hour_angle) % (2 * np.pi), np.full_like(lst, declination)
    angle = phasing.calc_frame_pos_angle(
        time_array=times_jd,
        app_ra=ra,
        app_dec=dec,
        telescope_loc=site.location(),
        ref_frame="icrs",
        ref_epoch=2000.0,
    )
    return ApparentPlace(ra, dec, np.asarray(angle))


def antenna_uvw(positions_m: Floats, place: ApparentPlace, lst: Floats, longitude: float) -> Floats:
    """Return antenna positions in the (u, v, w) frame of a direction.

    Parameters
    ----------
    positions_m
        Shape (nants, 3): ITRF axes, relative to any common point.
    place, lst
        Direction and apparent sidereal time at each unique time.
    longitude
        Of the site, rad.

    Returns
    -------
    ndarray
        Shape (ntimes, nants, 3), m. A baseline is antenna 2 minus antenna 1 (pyuvdata's convention).
    """
    # Rotation by the hour angle at Greenwich about z, by the declination about y, then about the
    # line of sight to the frame's north: Thompson, Moran & Swenson (2017), eq. 4.1.
    hour_angle = lst - place.ra - longitude
    sin_h, cos_h = np.sin(hour_angle), np.cos(hour_angle)
    sin_d, cos_d = np.sin(place.dec), np.cos(place.dec)
    x, y, z = positions_m.T[:, None, :]
    radial = cos_h[:, None] * x - sin_h[:, None] * y
    u = sin_h[:, None] * x + cos_h[:, None] * y
    v = -sin_d[:, None] * radial + cos_d[:, None] * z
    w = cos_d[:, None] * radial + sin_d[:, None] * z
    sin_p, cos_p = np.sin(place.frame_pa)[:, None], np.cos(place.frame_pa)[:, None]
    return np.stack([cos_p * u - sin_p * v, cos_p * v + sin_p * u, w], axis=-1)
