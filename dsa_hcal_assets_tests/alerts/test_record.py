"""The record of alerts: what was told comes back as it was, newest first, until its trouble is over."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.alerts import Alert, Severity, record
from dsa_hcal_assets.alerts.history import deliveries

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
# PostgreSQL stores every character but NUL; surrogates are no characters
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
ALERTS = st.builds(
    Alert,
    severity=st.sampled_from(Severity),
    category=TEXT,
    title=TEXT,
    message=TEXT,
    source=TEXT,
    partition=st.none() | TEXT,
    run_id=st.none() | TEXT,
    details=st.dictionaries(TEXT, JSON, max_size=3),
    raised_at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
)


def alert(title, key="", at=NOON):
    return Alert(Severity.WARNING, "test", title, dedup_key=key, raised_at=at)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(ALERTS)
def test_an_alert_comes_back_as_it_was_told(database, told):
    number, new = record.insert(database, told)
    assert new
    entry = next(one for one in record.open_alerts(database, 10_000) if one.alert_id == number)
    assert entry.alert == told
    assert (entry.times, entry.acknowledged_at, entry.resolved_at) == (1, None, None)


def test_the_newest_come_first_and_no_more_than_asked_for(database):
    for hours in (1, 3, 2):
        record.insert(database, alert(f"{hours}", at=NOON + timedelta(hours=hours)))
    assert [one.alert.title for one in record.open_alerts(database)] == ["3", "2", "1"]
    assert [one.alert.title for one in record.open_alerts(database, 1)] == ["3"]


def test_alerts_of_one_moment_come_in_the_order_they_were_told(database):
    for title in ("first", "second"):
        record.insert(database, alert(title))
    assert [one.alert.title for one in record.open_alerts(database)] == ["second", "first"]


def test_resolving_closes_the_trouble_of_one_key_only(database):
    for key in ("a", "b"):
        record.insert(database, alert(key, key))
    assert record.resolve(database, "a") == 1
    assert record.resolve(database, "a") == 0
    assert [one.alert.dedup_key for one in record.open_alerts(database)] == ["b"]


def test_trouble_that_comes_back_after_it_was_over_is_new(database):
    first, _ = record.insert(database, alert("hot", "k"))
    assert record.insert(database, alert("hot still", "k")) == (first, False)
    record.resolve(database, "k")
    second, new = record.insert(database, alert("hot again", "k"))
    assert new
    assert second != first


def test_an_acknowledged_alert_is_still_open(database):
    number, _ = record.insert(database, alert("hot", "k"))
    assert record.acknowledge(database, number, "ada")
    (entry,) = record.open_alerts(database)
    assert entry.acknowledged_at is not None


def test_somebody_takes_note_once(database):
    number, _ = record.insert(database, alert("hot", "k"))
    assert record.acknowledge(database, number, "ann")
    assert not record.acknowledge(database, number, "bob")
    assert record.open_alerts(database)[0].acknowledged_by == "ann"


def test_trouble_told_again_is_counted_and_keeps_its_first_words(database):
    number, _ = record.insert(database, alert("hot", "k"))
    record.insert(database, alert("hotter", "k", NOON + timedelta(minutes=5)))
    (entry,) = record.open_alerts(database)
    assert (entry.alert_id, entry.alert.title, entry.times) == (number, "hot", 2)
    assert entry.last_raised_at == NOON + timedelta(minutes=5)


def test_trouble_that_gets_worse_is_a_new_alert_in_place_of_the_open_one(database):
    first, _ = record.insert(database, alert("hot", "k"), ["mail"])
    worse = Alert(Severity.CRITICAL, "test", "burning", dedup_key="k", raised_at=NOON)
    second, new = record.insert(database, worse, ["mail"])
    assert new
    assert [entry.alert_id for entry in record.open_alerts(database)] == [second]
    assert [one.state for one in deliveries(database, first)] == ["dropped"]
    assert [one.state for one in deliveries(database, second)] == ["due"]


def test_an_alert_closed_by_hand_says_by_whom(database):
    number, _ = record.insert(database, alert("hot", "k"))
    assert record.resolve_alert(database, number, "ann")
    assert not record.resolve_alert(database, number, "bob")
    assert database.rows("select resolved_by from platform.alert") == [("ann",)]


def test_what_the_database_cannot_hold_does_not_lose_the_alert(database):
    told = Alert(
        Severity.ERROR,
        "test",
        "file a\0\udcff is bad",
        dedup_key="k\0",
        details={"path": "b\0\udcff", "value": float("nan"), "at": NOON, 5: (float("inf"), None, True)},
    )
    record.insert(database, told)
    (entry,) = record.open_alerts(database)
    assert entry.alert.title == r"file a\x00\udcff is bad"
    assert entry.alert.details == {
        "path": r"b\x00\udcff",
        "value": "nan",
        "at": str(NOON),
        "5": ["inf", None, True],
    }
    assert record.resolve(database, "k\0") == 1


def test_keys_and_categories_of_any_length_are_held_apart(database):
    long = "".join(chr(0x4E00 + number) for number in range(20_000))
    ids = [
        record.insert(database, Alert(Severity.ERROR, long, "x", dedup_key=long + end))[0] for end in "aab"
    ]
    assert ids[0] == ids[1] != ids[2]
    assert record.resolve(database, long + "a") == 1
    assert len(record.open_alerts(database)) == 1


@pytest.mark.parametrize("severity", Severity)
def test_as_json_an_alert_has_every_field_in_plain_values(severity):
    told = Alert(severity, "check", "hot", details={"value": 1.5}, raised_at=NOON)
    assert told.as_json() == {
        "severity": str(severity),
        "category": "check",
        "title": "hot",
        "message": "",
        "source": "",
        "partition": None,
        "run_id": None,
        "details": {"value": 1.5},
        "dedup_key": None,
        "raised_at": "2026-01-02T12:00:00+00:00",
    }


def test_severities_are_in_rising_order():
    assert [one.rank for one in Severity] == sorted(one.rank for one in Severity)


def test_open_keys_are_those_that_begin_with_a_text(database):
    for key in ("disk:a", "disk:b", "disks:c", "d_sk:d"):
        record.insert(database, alert(key, key))
    record.resolve(database, "disk:b")
    assert record.open_keys(database, "disk:") == {"disk:a": Severity.WARNING}
    assert record.open_keys(database, "d_sk") == {"d_sk:d": Severity.WARNING}


def test_what_is_closed_unsaid_is_over_and_has_no_end_to_tell(database):
    number, _ = record.insert(database, alert("summary", "night"), ["log"])
    record.close_unsaid(database, "night")
    assert record.open_alerts(database) == []
    assert [one.kind for one in deliveries(database, number)] == ["raised"]
