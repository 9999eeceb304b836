"""Where groups stand follows from what arrived and what was made of it, and is told in full."""

import pytest

from dsa_hcal_assets.quality import Level
from dsa_hcal_assets.radio import group_states
from dsa_hcal_assets_tests.radio.landed import Site


@pytest.fixture
def site(tmp_path, database):
    return Site(tmp_path, database)


@pytest.fixture
def ask(database):
    def ask(question, *arguments):
        with database.transaction() as cursor:
            return question(cursor, *arguments)

    return ask


@pytest.fixture
def state(ask):
    return lambda key: {one.key: one.state for one in ask(group_states.latest)}[key]


def test_without_groups_every_state_counts_zero(ask):
    assert ask(group_states.counts) == dict.fromkeys(group_states.STATES, 0)
    assert ask(group_states.latest) == []


def test_a_group_passes_through_its_states(site, state, ask):
    key = site.land(12, range(14))
    assert state(key) == "collecting"
    site.land(12, [14, 15])
    assert state(key) == "pending"
    site.load(key)
    assert state(key) == "in progress"
    site.make(key, "uvh5_group")
    assert state(key) == "in progress"
    site.make(key, "radio_qa_report")
    assert state(key) == "completed"
    assert ask(group_states.counts) == dict.fromkeys(group_states.STATES, 0) | {"completed": 1}


def test_a_closed_gate_is_a_failure_until_a_later_version_passes(site, state):
    key = site.land(12)
    site.load(key)
    site.make(key, "uvh5_group")
    site.make(key, "measurement_set", Level.FAIL)
    assert state(key) == "failed"
    site.make(key, "measurement_set")
    assert state(key) == "in progress"


def test_a_verdict_that_was_given_anew_counts(site, state, database):
    from dsa_hcal_assets.quality import Verdict
    from dsa_hcal_assets.quality.store import record

    key = site.land(12)
    site.load(key)
    product = site.make(key, "uvh5_group", Level.FAIL)
    assert state(key) == "failed"
    record(
        database,
        [Verdict("uvh5_group", "some_metric", 1.0, Level.PASS, True)],
        product=product,
        partition=key,
        run_id="again",
    )
    assert state(key) == "in progress"


def test_the_latest_come_first_and_one_state_can_be_asked_for(site, ask):
    whole, partial = site.land(12), site.land(13, [0, 2])
    assert [one.key for one in ask(group_states.latest)] == [partial, whole]
    (one,) = ask(group_states.latest, "collecting")
    assert (one.key, one.found, one.expected) == (partial, 2, 16)
    assert one.missing == [1, *range(3, 16)]
    assert [one.key for one in ask(group_states.latest, None, 1)] == [partial]


def test_details_hold_files_headers_products_and_gates(site, database):
    key = site.land(12, [3, 1])
    site.make(key, "uvh5_group")
    site.make(key, "measurement_set", Level.FAIL)
    found = group_states.details(database, key)
    assert [(file.subband, file.state) for file in found.files] == [(1, "pending"), (3, "pending")]
    assert all(file.high_hz > file.low_hz and file.antennas for file in found.files)
    assert [(one.kind, one.version, one.closed_by) for one in found.products] == [
        ("uvh5_group", 1, None),
        ("measurement_set", 1, ["some_metric"]),
    ]
    assert group_states.details(database, "2001-01-01T00:00:00") is None
