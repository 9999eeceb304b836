"""Where directions are over the array, and their delays between antennas.

Geometry comes from pyuvdata and astropy, not from the platform's converter: one checks the other.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.simulation.uvh5.array import Array
from dsa_hcal_assets.simulation.uvh5.sky import Source

Floats = NDArray[np.float64]
# T-centre of the array (DSA-110 station table)
LATITUDE_RAD, LONGITUDE_RAD, ALTITUDE_M = 0.6498455107238486, -2.064427799136453, 1188.0519


@dataclass(frozen=True)
class Instants:
    """Times as JD (UTC) and the array's local apparent sidereal time at them, rad."""

    jd: Floats
    lst: Floats

    @classmethod
    def at(cls, jd: Floats) -> Self:
        """Work out the sidereal time of `jd`."""
        from pyuvdata.utils.times import get_lst_for_time

        return cls(jd, np.asarray(get_lst_for_time(jd_array=jd, telescope_loc=site()), np.float64))


@dataclass(frozen=True)
class Apparent:
    """Apparent direction (rad) at each instant; of the meridian, `ra` is the sidereal time."""

    ra: Floats
    dec: Floats


@cache
def site() -> Any:
    """Return the array's reference point as an astropy EarthLocation."""
    from astropy import units
    from astropy.coordinates import EarthLocation

    return EarthLocation.from_geodetic(
        lon=LONGITUDE_RAD * units.rad, lat=LATITUDE_RAD * units.rad, height=ALTITUDE_M * units.m
    )


def relative_positions(array: Array, numbers: tuple[int, ...]) -> Floats:
    """Return ITRF positions of stations minus the reference point, shape (len(numbers), 3), m."""
    centre = np.array([axis.to_value("m") for axis in site().geocentric])
    return np.asarray(np.stack([array.stations[number].itrf_m for number in numbers]) - centre)


def apparent_place(source: Source, when: Instants) -> Apparent:
    """Return the apparent place of a source."""
    from pyuvdata.utils import phasing

    ra, dec = phasing.calc_app_coords(
        lon_coord=np.radians(source.ra_deg),
        lat_coord=np.radians(source.dec_deg),
        coord_frame="icrs",
        coord_epoch=2000.0,
        coord_type="sidereal",
        time_array=when.jd,
        lst_array=when.lst,
        telescope_loc=site(),
    )
    return Apparent(np.asarray(ra), np.asarray(dec))


def meridian(declination_rad: float, when: Instants) -> Apparent:
    """Return the direction of the pointing."""
    return Apparent(when.lst, np.full(len(when.jd), declination_rad))


def separation(one: Apparent, other: Apparent) -> Floats:
    """Return the angle between two directions at each instant, rad."""
    from astropy.coordinates import angular_separation

    return np.asarray(angular_separation(one.ra, one.dec, other.ra, other.dec))


def delays_m(array: Array, place: Apparent, when: Instants) -> Floats:
    """Return how much nearer each antenna is to `place` than the first one, m; shape (times, antennas).

    It is w of the baselines from the first antenna in the frame of `place`.
    """
    from pyuvdata.utils import phasing

    times, count = len(when.jd), len(array.used)
    numbers = np.arange(count)
    uvw = phasing.calc_uvw(
        app_ra=np.repeat(place.ra, count),
        app_dec=np.repeat(place.dec, count),
        frame_pa=np.zeros(times * count),
        lst_array=np.repeat(when.lst, count),
        antenna_positions=relative_positions(array, array.used),
        antenna_numbers=numbers,
        ant_1_array=np.zeros(times * count, np.int64),
        ant_2_array=np.tile(numbers, times),
        telescope_lat=LATITUDE_RAD,
        telescope_lon=LONGITUDE_RAD,
    )
    return np.asarray(uvw[:, 2].reshape(times, count))


def local_delays_m(array: Array, directions: Floats) -> Floats:
    """Return the same for directions over the ground, unit vectors (east, north, up), shape (times, 3)."""
    from pyuvdata.utils import ENU_from_ECEF

    itrf = np.stack([array.stations[number].itrf_m for number in array.used])
    local = ENU_from_ECEF(itrf, center_loc=site())
    return np.asarray(directions @ (local - local[0]).T)
