"""Which calibrators cross the beam of a telescope that drifts: in a group, and in the days to come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

from psycopg2.extras import execute_values

from dsa_hcal_assets.clock import require_utc, utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.calibration.matching import Match, match_calibrator
from dsa_hcal_assets.radio.calibration.standards import Calibrator
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.radio.profiles.stations import read_stations
from dsa_hcal_assets.settings.radio import RadioSettings

# Middle of the continuum band, Hz; a beam of degrees changes little over it.
FREQUENCY_HZ = 1.405e9
MOST_MATCHES = 10_000
_STEP, _OVERLAP = timedelta(hours=12), timedelta(minutes=1)


@dataclass(frozen=True)
class Matcher:
    """How calibrators are matched for one telescope: its place and dishes, limits, candidates.

    Attributes
    ----------
    longitude_deg, dish_diameter_m
        East longitude (deg) of the middle of the array; dish (m) for the beam.
    radius_deg, top, min_flux_jy
        Largest distance from the pointing (deg), matches kept of a group, faintest flux density (Jy).
    calibrators
        Sources to choose from.
    """

    longitude_deg: float
    dish_diameter_m: float
    radius_deg: float
    top: int
    min_flux_jy: float
    calibrators: Sequence[Calibrator]

    @classmethod
    def of(cls, profile: Profile, settings: RadioSettings, calibrators: Sequence[Calibrator]) -> "Matcher":
        """Return the matcher of a profile, with what the settings change.

        Raises
        ------
        ConfigurationError
            If the profile has no stations, so that its place is not known.
        """
        if profile.stations is None:
            raise ConfigurationError(
                f"profile {profile.name} has no station file, so its meridian is not known",
                remedy="add [stations] to the profile, or choose another one",
            )
        rules = profile.calibration
        stations = read_stations(profile.stations).values()
        return cls(
            # a station 2 km from the middle sees a transit 0.1 s earlier or later
            fmean(station.longitude_deg for station in stations),
            profile.dish_diameter_m,
            settings.match_radius_deg or rules.match_radius_deg,
            settings.match_top or rules.match_top,
            rules.min_flux_jy,
            calibrators,
        )

    def between(
        self, start: datetime, end: datetime, pointing_dec_deg: float, top: int | None = None
    ) -> list[Match]:
        """Return the calibrators in the beam on the meridian within a span (at most a day), best first."""
        return match_calibrator(
            start,
            end,
            pointing_dec_deg,
            longitude_deg=self.longitude_deg,
            dish_diameter_m=self.dish_diameter_m,
            radius_deg=self.radius_deg,
            top=top or self.top,
            min_flux_jy=self.min_flux_jy,
            frequency_hz=FREQUENCY_HZ,
            calibrators=self.calibrators,
        )

    def ahead(self, start: datetime, hours: float, pointing_dec_deg: float) -> list[Match]:
        """Return every transit in the hours after `start`, in the order of time."""
        end = require_utc(start) + timedelta(hours=hours)
        found: list[Match] = []
        while start < end:
            # Shorter than a turn of the sky, so that no source comes twice within; overlapping, so that
            # none is lost between two by rounding.
            last = min(end, start + _STEP + _OVERLAP)
            found += [
                one
                for one in self.between(start, last, pointing_dec_deg, MOST_MATCHES)
                if not any(_repeats(one, other) for other in found)
            ]
            start += _STEP
        return sorted(found, key=lambda one: one.transit)


def _repeats(one: Match, other: Match) -> bool:
    """Tell whether two matches are one transit, found in two steps that overlap."""
    return one.calibrator == other.calibrator and abs(one.transit - other.transit) < timedelta(hours=1)


def store_plan(
    database: Database, profile: str, pointing_dec_deg: float, start: datetime, matches: Sequence[Match]
) -> None:
    """Replace the planned transits of a profile from `start` on (``radio.coming_transit`` shows them)."""
    rows = [
        (profile, one.calibrator.name, one.transit, pointing_dec_deg, one.separation_deg, one.response,
         one.flux_jy, one.apparent_jy)
        for one in matches
    ]  # fmt: skip
    with database.transaction() as cursor:
        cursor.execute(
            "delete from radio.planned_transit where profile = %s and transit >= %s", (profile, start)
        )
        execute_values(
            cursor,
            "insert into radio.planned_transit (profile, calibrator, transit, pointing_dec_deg, "
            "separation_deg, response, flux_jy, apparent_jy) values %s",
            rows,
        )


def store_group_calibrators(database: Database, group: str, matches: Sequence[Match]) -> None:
    """Replace what is known about the calibrators in a group (``radio.group_calibrator``)."""
    rows = [
        (group, rank, one.calibrator.name, one.calibrator.ra_deg, one.calibrator.dec_deg, one.transit,
         one.separation_deg, one.response, one.flux_jy, one.apparent_jy, FREQUENCY_HZ)
        for rank, one in enumerate(matches, start=1)
    ]  # fmt: skip
    with database.transaction() as cursor:
        cursor.execute("delete from radio.group_calibrator where group_key = %s", (group,))
        execute_values(
            cursor,
            "insert into radio.group_calibrator (group_key, rank, calibrator, ra_deg, dec_deg, transit, "
            "separation_deg, response, flux_jy, apparent_jy, frequency_hz) values %s",
            rows,
        )


def match_groups(database: Database, matchers: Mapping[str, Matcher], since: datetime) -> int:
    """Match every group from `since` on again, and return how many there were.

    For groups that came before a catalogue was loaded, or a limit was changed.

    Parameters
    ----------
    database
        Where the groups are.
    matchers
        By profile; groups of other profiles are left alone.
    since
        First sample not before this (aware).
    """
    groups = database.rows(
        "select g.group_key, g.profile, g.first_sample, g.declination_deg, "
        "max((s.header->>'last_jd')::float8 - (s.header->>'first_jd')::float8) "
        "from radio.observation_group g join radio.subband s using (group_key) "
        "where g.first_sample >= %s and g.declination_deg is not null and g.profile = any(%s) "
        "group by g.group_key order by g.first_sample",
        (require_utc(since), list(matchers)),
    )
    for group, profile, start, declination, days in groups:
        matches = matchers[profile].between(start, start + timedelta(days=days), declination)
        store_group_calibrators(database, group, matches)
    return len(groups)


def newest_declination(database: Database, profile: str) -> float | None:
    """Return the declination (deg) of a profile's newest group; None when it has none."""
    rows = database.rows(
        "select declination_deg from radio.observation_group where profile = %s "
        "and declination_deg is not null and first_sample <= %s order by first_sample desc limit 1",
        (profile, utc_now()),
    )
    return float(rows[0][0]) if rows else None
