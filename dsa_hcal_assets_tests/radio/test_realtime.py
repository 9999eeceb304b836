"""The real-time margin: time on the sky minus what the own run took, medians of the newest groups."""

from datetime import timedelta

import pytest

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.radio.realtime import RealTime, real_time
from dsa_hcal_assets_tests.observability import filled

SKY_SECONDS = 24 * 12.885


@pytest.fixture
def groups(database):
    """Keys of three groups with reports, newest first."""
    filled.fill(database, utc_now(), groups=3, cycles=0)
    return [key for (key,) in database.rows("select group_key from radio.observation_group order by 1 desc")]


def ran(database, group, run, seconds, ago=timedelta(0)):
    """Enter that a run took `seconds` from its first stage to the report, and ended so long ago."""
    ended = utc_now() - ago
    with database.transaction() as cursor:
        for stage, started in (
            ("uvh5_group", ended - timedelta(seconds=seconds)),
            ("radio_qa_report", ended),
        ):
            cursor.execute(
                "insert into platform.stage_time (stage, partition, run_id, outcome, started_at, ended_at)"
                " values (%s, %s, %s, 'done', %s, %s)",
                (stage, group, run, started, ended),
            )


def test_before_the_first_report_there_is_none(database):
    assert real_time(database) is None


def test_a_margin_is_positive_while_groups_take_less_than_they_last():
    assert RealTime(12, 109.0, 309.0).margin_seconds == 200
    assert RealTime(12, 409.0, 309.0).margin_seconds == -100


def test_medians_are_those_of_the_newest_groups(database, groups):
    found = real_time(database)
    assert (found.groups, found.processing_seconds) == (3, filled.PROCESSING_SECONDS)
    assert found.sky_seconds == pytest.approx(SKY_SECONDS, abs=0.01)
    ran(database, groups[0], "slow", 500)
    assert real_time(database, groups=1).processing_seconds == pytest.approx(500, abs=0.01)


def test_runs_of_yesterday_say_nothing_of_now(database, groups):
    with database.transaction() as cursor:
        cursor.execute("delete from platform.stage_time")
    ran(database, groups[0], "old", 500, ago=timedelta(hours=25))
    assert real_time(database) is None


def test_what_ran_for_a_group_beside_its_run_does_not_count(database, groups):
    with database.transaction() as cursor:
        cursor.execute("delete from platform.stage_time")
        cursor.execute(
            "insert into platform.stage_time (stage, partition, run_id, outcome, started_at, ended_at)"
            " values ('quicklook_image', %s, 'look', 'done', now() - interval '1 h', now())",
            (groups[0],),
        )
    ran(database, groups[0], "science", 120)
    assert real_time(database).processing_seconds == pytest.approx(120, abs=0.01)
