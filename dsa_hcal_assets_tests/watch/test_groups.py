"""Groups that are whole and not taken up are counted while they are of the last day."""

from datetime import timedelta

import pytest

from dsa_hcal_assets.clock import parse_group_key
from dsa_hcal_assets.watch.groups import groups_waiting
from dsa_hcal_assets_tests.radio.landed import Site


@pytest.fixture
def site(tmp_path, database):
    return Site(tmp_path, database)


def severities(database, now):
    return [found.severity for found in groups_waiting(database, now, warning=2, error=3)]


def test_more_and_more_waiting_groups_are_a_warning_and_an_error_until_they_are_taken_up(site, database):
    keys = [site.land(hour) for hour in (10, 11, 12)]
    now = parse_group_key(keys[-1])
    site.load(keys[0])
    site.load(keys[1])
    assert severities(database, now) == []
    more = [site.land(hour) for hour in (13, 14)]
    now = parse_group_key(more[-1])
    (found,) = groups_waiting(database, now, 2, 3)
    assert (found.severity, found.details) == ("error", {"waiting": 3})
    site.load(keys[2])
    assert severities(database, now) == ["warning"]
    site.load(more[0])
    assert severities(database, now) == []


def test_groups_that_still_collect_and_those_of_a_backlog_may_take_their_time(site, database):
    now = parse_group_key(site.land(12)) + timedelta(hours=23)
    site.land(13, range(4))
    assert severities(database, now) == []
    site.land(14)
    assert severities(database, now) == ["warning"]
    assert severities(database, now + timedelta(days=1)) == []
