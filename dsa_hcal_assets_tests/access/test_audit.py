"""The audit keeps what was asked, and nobody changes it afterwards."""

import json

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.access import Caller, Role, audit
from dsa_hcal_assets.access.audit import Action
from dsa_hcal_assets.access.masking import MASK, masked
from dsa_hcal_assets.access.secrets import TOKEN_PREFIX, Secret

OPERATOR = Caller("control-room", Role.OPERATOR, "0123456789ab")
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def action(**more):
    return Action(OPERATOR, "192.0.2.7", "POST", "/api/reprocess/{key}", **more)


def test_an_action_is_there_before_it_is_done_and_then_answered(database):
    number = audit.ask(database, action(parameters={"key": "2025-06-05T20:37:07"}))
    (asked,) = audit.entries(database)
    assert (asked.outcome, asked.status, asked.answered_at) == ("asked", None, None)
    assert (asked.name, asked.role, asked.token_id) == ("control-room", "operator", "0123456789ab")
    assert asked.parameters == {"key": "2025-06-05T20:37:07"}
    audit.answer(database, number, 202)
    (answered,) = audit.entries(database)
    assert (answered.outcome, answered.status) == ("done", 202)
    assert answered.answered_at >= answered.at


@pytest.mark.parametrize(
    ("status", "outcome"), [(204, "done"), (303, "done"), (409, "refused"), (500, "failed")]
)
def test_the_outcome_follows_from_the_status(database, status, outcome):
    audit.record(database, action(), status)
    assert audit.entries(database)[0].outcome == outcome


def test_an_unknown_caller_has_no_name_but_what_was_shown(database):
    audit.record(database, Action(None, "192.0.2.7", "POST", "/x", token_id="ba9876543210"), 401)
    (entry,) = audit.entries(database)
    assert (entry.name, entry.role, entry.token_id) == ("", None, "ba9876543210")


@pytest.mark.parametrize(
    "change",
    [
        "update platform.audit set name = 'another'",
        "update platform.audit set outcome = 'done', parameters = '{}'",
        "delete from platform.audit",
        "truncate platform.audit",
    ],
)
def test_nothing_is_changed_or_taken_out_even_by_the_owner(database, change):
    audit.ask(database, action(parameters={"a": 1}))
    with pytest.raises(psycopg2.Error, match="the audit keeps what it has"), database.transaction() as cursor:
        cursor.execute(change)


def test_an_answer_is_final(database):
    number = audit.ask(database, action())
    audit.answer(database, number, 500)
    audit.answer(database, number, 200)
    assert audit.entries(database)[0].status == 500
    with pytest.raises(psycopg2.Error, match="the audit keeps"), database.transaction() as cursor:
        cursor.execute("update platform.audit set status = 200")


def test_entries_are_chosen_and_paged_newest_first(database):
    for status in (200, 409, 200):
        audit.record(database, action(), status)
    audit.record(database, Action(None, "192.0.2.7", "POST", "/x"), 401)
    numbers = [entry.audit_id for entry in audit.entries(database)]
    assert numbers == sorted(numbers, reverse=True)
    assert len(audit.entries(database, name="control-room")) == 3
    assert len(audit.entries(database, outcome="refused")) == 2
    assert [one.audit_id for one in audit.entries(database, before=numbers[1], limit=1)] == [numbers[2]]
    middle = audit.entries(database)[1].at
    assert len(audit.entries(database, since=middle)) == 2
    assert len(audit.entries(database, until=middle)) == 2


def test_secrets_are_masked_wherever_they_are(database):
    token = Secret.new(TOKEN_PREFIX)
    given_values = {"token": token.text, "note": f"my token is {token.text}", "a": [{"Password": "hunter2"}]}
    audit.record(database, action(parameters=given_values), 200)
    kept = json.dumps(audit.entries(database)[0].parameters)
    assert token.private not in kept
    assert "hunter2" not in kept
    assert f"{TOKEN_PREFIX}_{token.public_id}" in kept
    assert MASK in kept


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON_VALUES)
def test_any_json_can_be_kept(database, value):
    audit.record(database, action(parameters={"body": value}), 200)
    assert "body" in audit.entries(database, limit=1)[0].parameters


def test_what_is_huge_is_cut():
    assert len(masked("x" * 10_000)) < 3000
    assert len(masked(list(range(10_000)))) < 200
    deep = []
    for _ in range(1000):
        deep = [deep]
    assert len(json.dumps(masked(deep))) < 100
