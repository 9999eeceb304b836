"""`dsa-hcal groups`: what stands where, one group in full, and a second chance for a failed one."""

from datetime import timedelta

import pytest
from click.testing import CliRunner, Result

from dsa_hcal_assets.cli.groups import groups
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.errors import ProductMissing
from dsa_hcal_assets.quality import Level
from dsa_hcal_assets.radio.ingest.completeness import decide_overdue
from dsa_hcal_assets.settings.radio import RadioSettings
from dsa_hcal_assets_tests.radio.landed import Site

NOBODY = "2001-01-01T00:00:00"


def run(*words: str) -> Result:
    return CliRunner().invoke(groups, list(words))


@pytest.fixture
def site(database, tmp_path, monkeypatch):
    monkeypatch.setenv("DSA_HCAL_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("DSA_HCAL_DATABASE_URL", database.url)
    return Site(tmp_path, database)


def give_up(site):
    decide_overdue(site.database, RadioSettings(), utc_now() + timedelta(hours=25))


def test_groups_are_listed_with_what_they_lack_and_counted(site):
    whole, partial = site.land(12), site.land(13, range(1, 15))
    lines = run("list").output.splitlines()
    assert lines[0].split() == [partial, "collecting", "14/16", "dsa110", "without", "sb00", "sb15"]
    assert lines[1].split() == [whole, "pending", "16/16", "dsa110"]
    assert lines[2] == "1 collecting, 1 pending, 0 in progress, 0 completed, 0 failed"


def test_one_state_and_fewer_can_be_asked_for(site):
    keys = [site.land(hour, [0]) for hour in (12, 13)]
    site.land(14)
    assert run("list", "--state", "collecting", "--limit", "1").output.startswith(keys[1])
    assert len(run("list", "--state", "in-progress").output.splitlines()) == 1


def test_a_group_is_shown_with_files_headers_products_and_gates(site):
    key = site.land(12, [0, 1])
    site.make(key, "uvh5_group")
    site.make(key, "measurement_set", Level.FAIL)
    told = run("show", key).output
    assert told.startswith(f"{key} is collecting: 2 of 16 subbands, without sb02")
    assert "sb00  pending" in told
    assert "MHz" in told
    assert "gate open (1 passed, 0 warned)" in told
    assert "gate closed by some_metric" in told


def test_a_group_that_was_given_up_collects_again(site):
    key = site.land(12, range(14))
    give_up(site)
    assert "1 failed" in run("list").output
    found = run("retry", key)
    assert (found.exit_code, found.output) == (0, f"{key} is collecting again: 14 of 16 subbands\n")
    assert "1 collecting" in run("list").output
    site.land(12, [14, 15])
    assert "1 pending" in run("list").output


def test_a_group_that_was_not_given_up_is_left_alone_with_the_reason(site):
    key = site.land(12)
    site.load(key)
    site.make(key, "uvh5_group", Level.FAIL)
    found = run("retry", key)
    assert found.exit_code == 1
    assert "stopped at uvh5_group by some_metric" in found.output


@pytest.mark.parametrize("verb", ["show", "retry"])
def test_a_group_nobody_knows_is_refused(site, verb):
    assert isinstance(run(verb, NOBODY).exception, ProductMissing)
