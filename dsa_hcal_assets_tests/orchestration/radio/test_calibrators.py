"""What settings and catalogues change of a group's calibrator, and what of it reaches the worker."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.radio.calibrators import for_solve, matcher_of, write_tables
from dsa_hcal_assets.orchestration.radio.transits import AHEAD_HOURS, transit_plan_job
from dsa_hcal_assets.radio.calibration.matching import transit_after
from dsa_hcal_assets.radio.calibration.standards import Calibrator, load_calibrators, read_sources
from dsa_hcal_assets.radio.catalogues.loading import load_catalogue
from dsa_hcal_assets.radio.observation import Observation, describe
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.radio import RadioSettings
from dsa_hcal_assets_tests.radio.catalogues.excerpts import block
from dsa_hcal_assets_tests.radio.catalogues.test_neighbours import store
from dsa_hcal_assets_tests.radio.test_observation import SPAN, group

PROFILES = load_profiles()
DSA = PROFILES["dsa110"]
# no standard: only a list in the database knows it
LISTED = "0834+555"
PLACE = Calibrator.of_power_law(LISTED, 128.7287, 55.5725, 8.8, 0.0)
TRANSIT, DECLINATION = transit_after(PLACE, datetime(2025, 6, 5, tzinfo=UTC), -118.283)


@pytest.fixture
def listed(installation: Installation, tmp_path: Path) -> None:
    text = block(LISTED, "08h34m54.9s 55d34'21.0\"", " 20cm    L  P P P P       8.80")
    (tmp_path / "list.txt").write_text(text)
    load_catalogue(installation.database, "vla", tmp_path / "list.txt")


def described(installation: Installation, north_deg: float = 0.0) -> Observation:
    subbands = group(TRANSIT - SPAN / 2, DECLINATION - north_deg)
    return describe("key", subbands, DSA, matcher_of(installation, DSA))


@pytest.fixture
def with_settings(database: Database, tmp_path: Path) -> Iterator[Callable[..., Installation]]:
    """Return an installation whose radio settings are others."""
    made: list[Installation] = []

    def with_settings(**radio: float) -> Installation:
        chosen = RadioSettings.model_validate(radio)
        made.append(Installation(Settings(state_dir=tmp_path, database_url=database.url, radio=chosen)))
        return made[-1]

    yield with_settings
    for one in made:
        one.database.close()


def test_a_calibrator_that_is_only_in_the_database_is_the_groups_centre(
    installation: Installation, listed: None
) -> None:
    made = described(installation)
    assert made.centre is not None
    assert made.centre.name == LISTED
    assert describe("key", group(TRANSIT - SPAN / 2, DECLINATION), DSA).centre is None


def test_the_match_radius_of_the_settings_counts(
    installation: Installation, listed: None, with_settings: Callable[..., Installation]
) -> None:
    assert described(installation, north_deg=1.5).centre is None
    wide = with_settings(match_radius_deg=2.0)
    assert described(wide, north_deg=1.5).centre is not None
    assert for_solve(wide, DSA).calibration.match_radius_deg == 2.0


def test_the_record_keeps_all_matches(installation: Installation, listed: None, tmp_path: Path) -> None:
    made = described(installation)
    made.save(tmp_path)
    kept = Observation.load(tmp_path)
    assert kept.matches == made.matches
    assert abs(kept.matches[0].transit - TRANSIT) < timedelta(seconds=2)


def test_the_worker_gets_the_calibrator_it_cannot_look_up(
    installation: Installation, listed: None, tmp_path: Path
) -> None:
    made = described(installation)
    tables = write_tables(installation, made, DSA, tmp_path, made.matches[0].calibrator)
    assert tables["neighbours"] is None
    assert tables["calibrators"] is not None
    known = load_calibrators(Path(tables["calibrators"]))
    assert known[0] == made.matches[0].calibrator
    assert {one.name for one in known[1:]} >= {"3C286", "3C147"}


def test_a_standard_needs_no_table_and_a_loaded_survey_gives_its_neighbours(
    installation: Installation, tmp_path: Path
) -> None:
    source = next(one for one in load_calibrators() if one.name == "3C147")
    transit, declination = transit_after(source, datetime(2025, 6, 5, tzinfo=UTC), -118.283)
    made = describe("key", group(transit - SPAN / 2, declination), DSA, matcher_of(installation, DSA))
    assert write_tables(installation, made, DSA, tmp_path, made.matches[0].calibrator) == {
        "calibrators": None,
        "neighbours": None,
    }
    store(installation.database, [0.5, -0.7], [0.4, 0.3])
    tables = write_tables(installation, made, DSA, tmp_path, made.matches[0].calibrator)
    assert tables["calibrators"] is None
    assert [one.name for one in read_sources(Path(str(tables["neighbours"])))] == ["S1", "S2"]


def test_a_telescope_that_tracks_has_no_matcher(installation: Installation) -> None:
    assert matcher_of(installation, PROFILES["vla"]) is None


def test_the_daily_plan_fills_the_view_of_coming_transits(
    database: Database,
    listed: None,
    with_settings: Callable[..., Installation],
    instance: dg.DagsterInstance,
) -> None:
    pointed = with_settings(pointing_dec_deg=DECLINATION)
    done = transit_plan_job.execute_in_process(instance=instance, resources={"installation": pointed})
    assert done.success
    rows = database.rows(
        "select calibrator, transit, profile from radio.coming_transit where calibrator = %s", (LISTED,)
    )
    assert len(rows) == 2, "once a sidereal day"
    assert all(row[2] == "dsa110" for row in rows)
    assert all(row[1] <= utc_now() + timedelta(hours=AHEAD_HOURS) for row in rows)


def test_without_a_pointing_there_is_nothing_to_plan(
    installation: Installation, instance: dg.DagsterInstance
) -> None:
    done = transit_plan_job.execute_in_process(instance=instance, resources={"installation": installation})
    assert done.success
    assert installation.database.rows("select count(*) from radio.coming_transit") == [(0,)]
