"""Transits ahead, and which group holds which calibrator."""

import itertools
import json
from datetime import UTC, datetime, timedelta

import pytest

from dsa_hcal_assets.clock import group_key, utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.calibration.beam import airy
from dsa_hcal_assets.radio.calibration.standards import Calibrator, load_standards
from dsa_hcal_assets.radio.catalogues import schedule
from dsa_hcal_assets.radio.catalogues.schedule import Matcher
from dsa_hcal_assets.radio.catalogues.transit import SIDEREAL_DAY, next_transits
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.settings.radio import RadioSettings

PROFILES = load_profiles()
DSA = PROFILES["dsa110"]
NIGHT = datetime(2025, 6, 5, tzinfo=UTC)
EXTRA = Calibrator.of_power_law("near-3C286", 202.5, 30.9, 13.0, -0.5)
MATCHER = Matcher.of(DSA, RadioSettings(), (*load_standards(), EXTRA))
TILE = timedelta(seconds=309)
C286 = next(one for one in load_standards() if one.name == "3C286")
(TRANSIT,), (DECLINATION,) = next_transits([C286.ra_deg], [C286.dec_deg], NIGHT, MATCHER.longitude_deg)
DECLINATION = float(DECLINATION)


def add_group(database: Database, start: datetime, declination: float | None, profile: str = "dsa110") -> str:
    """A group as ingest leaves it: one subband of 309 s that starts at `start`."""
    key = group_key(start)
    database.rows(
        "insert into radio.observation_group (group_key, profile, telescope, expected, found, first_sample, "
        "declination_deg, first_seen, last_seen) values (%s, %s, 'x', 16, 1, %s, %s, now(), now()) "
        "returning group_key",
        (key, profile, start, declination),
    )
    header = json.dumps({"first_jd": 2460831.5, "last_jd": 2460831.5 + TILE / timedelta(days=1)})
    database.rows(
        "insert into radio.subband (group_key, subband, digest, name, header, seen_at) "
        "values (%s, 0, %s, 'x', %s, now()) returning 1",
        (key, f"{key}/0", header),
    )
    return key


class TestMatcher:
    def test_place_and_limits_are_the_profiles(self) -> None:
        assert MATCHER.longitude_deg == pytest.approx(-118.28, abs=0.02)
        assert (MATCHER.radius_deg, MATCHER.top, MATCHER.dish_diameter_m) == (1.0, 3, 4.65)

    def test_settings_change_them(self) -> None:
        settings = RadioSettings(match_radius_deg=2.5, match_top=1)
        found = Matcher.of(DSA, settings, load_standards())
        assert (found.radius_deg, found.top) == (2.5, 1)

    def test_a_profile_without_stations_has_no_meridian(self) -> None:
        with pytest.raises(ConfigurationError, match="vla has no station file"):
            Matcher.of(PROFILES["vla"], RadioSettings(), ())

    def test_rank_is_flux_density_behind_the_beam(self) -> None:
        found = MATCHER.between(TRANSIT - TILE, TRANSIT + TILE, DECLINATION)
        assert [one.calibrator.name for one in found] == ["3C286", "near-3C286"]
        # 0.4 deg further north the fainter one wins
        found = MATCHER.between(TRANSIT - TILE, TRANSIT + TILE, DECLINATION + 0.95)
        assert [one.calibrator.name for one in found] == ["near-3C286", "3C286"]
        for one in found:
            assert one.apparent_jy == pytest.approx(
                one.calibrator.flux_jy(1.405e9) * float(airy(one.separation_deg, 1.405e9, 4.65))
            )


class TestAhead:
    def test_each_transit_of_three_days_once_and_in_order(self) -> None:
        found = MATCHER.ahead(NIGHT, 72.0, DECLINATION)
        assert [one.transit for one in found] == sorted(one.transit for one in found)
        mine = [one.transit for one in found if one.calibrator.name == "3C286"]
        assert len(mine) == 3
        for earlier, later in itertools.pairwise(mine):
            assert later - earlier == pytest.approx(SIDEREAL_DAY, abs=timedelta(seconds=0.1))

    @pytest.mark.parametrize("shift", [-0.002, -0.0005, 0.0, 0.0005, 0.002])
    def test_a_transit_at_the_edge_of_the_span_comes_once_a_turn(self, shift: float) -> None:
        start = TRANSIT + timedelta(seconds=shift)
        found = [one.transit for one in MATCHER.ahead(start, 72.0, DECLINATION) if one.calibrator == C286]
        gaps = [later - earlier for earlier, later in itertools.pairwise(found)]
        assert gaps == [pytest.approx(SIDEREAL_DAY, abs=timedelta(seconds=0.1))] * len(gaps)
        assert len(found) in (3, 4)

    def test_no_further_than_asked(self) -> None:
        assert MATCHER.ahead(TRANSIT + timedelta(hours=1), 1.0, DECLINATION) == []

    def test_a_stored_plan_is_what_is_shown_and_a_new_one_replaces_it(self, database: Database) -> None:
        now = utc_now()
        matches = MATCHER.ahead(now - timedelta(hours=24), 72.0, DECLINATION)
        schedule.store_plan(database, "dsa110", DECLINATION, now - timedelta(hours=24), matches)
        ahead = [one for one in matches if one.transit > utc_now()]
        rows = database.rows("select calibrator, transit, until > interval '0' from radio.coming_transit")
        assert rows == [(one.calibrator.name, one.transit, True) for one in ahead]
        schedule.store_plan(database, "dsa110", DECLINATION, now, [])
        assert database.rows("select 1 from radio.coming_transit") == []
        # what has happened stays
        assert len(database.rows("select 1 from radio.planned_transit")) == len(matches) - len(ahead)


class TestGroups:
    def names(self, database: Database) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for key, name in database.rows(
            "select group_key, calibrator from radio.group_calibrator order by group_key, rank"
        ):
            found.setdefault(key, []).append(name)
        return found

    def test_groups_are_matched_by_their_span_and_pointing(self, database: Database) -> None:
        holds = add_group(database, TRANSIT - TILE / 2, DECLINATION)
        add_group(database, TRANSIT - 3 * TILE, DECLINATION)  # too early
        add_group(database, TRANSIT - TILE / 3, DECLINATION + 5)  # looks elsewhere
        add_group(database, TRANSIT - TILE / 4, None)  # tracks
        add_group(database, TRANSIT - TILE / 5, DECLINATION, "vla")  # another telescope
        assert schedule.match_groups(database, {"dsa110": MATCHER}, NIGHT) == 3
        assert self.names(database) == {holds: ["3C286", "near-3C286"]}
        ((transit, separation, response),) = database.rows(
            "select transit, separation_deg, response from radio.group_calibrator where rank = 1"
        )
        assert transit == pytest.approx(TRANSIT, abs=timedelta(milliseconds=1))
        assert (separation, response) == (pytest.approx(0, abs=1e-6), pytest.approx(1))

    def test_matching_again_replaces(self, database: Database) -> None:
        key = add_group(database, TRANSIT - TILE / 2, DECLINATION)
        schedule.match_groups(database, {"dsa110": MATCHER}, NIGHT)
        fewer = Matcher.of(DSA, RadioSettings(match_top=1), (EXTRA,))
        schedule.match_groups(database, {"dsa110": fewer}, NIGHT)
        assert self.names(database) == {key: ["near-3C286"]}

    def test_older_groups_are_left_alone(self, database: Database) -> None:
        add_group(database, TRANSIT - TILE / 2, DECLINATION)
        assert schedule.match_groups(database, {"dsa110": MATCHER}, TRANSIT) == 0

    def test_the_newest_group_tells_where_the_telescope_points(self, database: Database) -> None:
        assert schedule.newest_declination(database, "dsa110") is None
        add_group(database, NIGHT, 16.1)
        add_group(database, NIGHT + TILE, 37.2)
        add_group(database, NIGHT + 2 * TILE, None)
        assert schedule.newest_declination(database, "dsa110") == 37.2
