"""When groups begin and at which declination the array points."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.simulation.uvh5.geometry import Instants, apparent_place
from dsa_hcal_assets.simulation.uvh5.setup import INTEGRATION_S, GroupSetup
from dsa_hcal_assets.simulation.uvh5.sky import CALIBRATORS, Source

Floats = NDArray[np.float64]
SIDEREAL_DAY = 0.99726957  # days
UNIX_EPOCH_JD = 2440587.5


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
