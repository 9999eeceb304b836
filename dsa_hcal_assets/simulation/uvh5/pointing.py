"""Where the array points, when groups begin, and the delays of directions between antennas.

Geometry comes from pyuvdata and astropy, not from the platform's converter: one checks the other.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.simulation.uvh5.array import Array
from dsa_hcal_assets.simulation.uvh5.setup import INTEGRATION_S, GroupSetup
from dsa_hcal_assets.simulation.uvh5.sky import CALIBRATORS, Source

Floats = NDArray[np.float64]
# T-centre of the array (DSA-110 station table)
LATITUDE_RAD, LONGITUDE_RAD, ALTITUDE_M = 0.6498455107238486, -2.064427799136453, 1188.0519
SIDEREAL_DAY = 0.99726957  # days
UNIX_EPOCH_JD = 2440587.5


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


@dataclass(frozen=True)
class Schedule:
    """First time stamp of group 0 (middle of its first integration) and the pointing's declination."""

    setup: GroupSetup
    start: datetime
    declination_rad: float

    @classmethod
    def over(cls, setup: GroupSetup) -> "Schedule":
        """Put the calibrator's transit nearest to noon (UTC) of the day in the middle of group 0.

        The first stamp is a whole second, the declination the calibrator's apparent one, rounded
        to 0.1 deg.
        """
        transit, declination = _transit(CALIBRATORS[setup.calibrator], setup.day)
        first = _datetime(transit - INTEGRATION_S * (setup.integrations - 1) / 2 / 86400)
        whole = (first + timedelta(milliseconds=500)).replace(microsecond=0)
        return cls(setup, whole, float(np.radians(np.round(np.degrees(declination), 1))))

    def times_jd(self, group: int) -> Floats:
        """Return the middles of the integrations of a group, JD (UTC)."""
        from astropy.time import Time

        count = self.setup.integrations
        start: float = Time(self.start).jd
        return np.asarray(start + (group * count + np.arange(count)) * INTEGRATION_S / 86400)

    def stamp(self, group: int) -> datetime:
        """Return the first time stamp of a group as readers of its header see it, to the millisecond."""
        return _datetime(float(self.times_jd(group)[0]))

    def seconds(self, group: int) -> Floats:
        """Return the middles of a group's integrations in s since the middle of group 0."""
        count = self.setup.integrations
        return np.asarray((group * count + np.arange(count) - (count - 1) / 2) * INTEGRATION_S)


def _transit(source: Source, day: date) -> tuple[float, float]:
    from astropy.time import Time

    jd: float = Time(datetime(day.year, day.month, day.day, 12, tzinfo=UTC)).jd
    # each step lands within the change of the apparent place meanwhile: well below a millisecond
    for _ in range(3):
        now = Instants.at(np.array([jd]))
        place = apparent_place(source, now)
        away = (place.ra - now.lst + np.pi) % (2 * np.pi) - np.pi
        jd += float(away[0]) / (2 * np.pi) * SIDEREAL_DAY
    return jd, float(place.dec[0])


def _datetime(jd: float) -> datetime:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=jd - UNIX_EPOCH_JD)
    return moment.replace(microsecond=0) + timedelta(milliseconds=round(moment.microsecond / 1000))
