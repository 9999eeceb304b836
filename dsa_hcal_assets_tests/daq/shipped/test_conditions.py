"""A check raises its alert when its condition turns, once, and says when the trouble is over."""

import pytest
from pydantic import ValidationError

from dsa_hcal_assets.daq.shipped.conditions import Condition, Watch, field_of


def condition(**keys):
    needed = {"name": "hot hall", "item": "temperature.*", "interval": "30s", "message": "{name}: {value}"}
    return Condition.model_validate({**needed, **keys})


def text(change):
    return None if change is None else (change.trouble, change.text)


def test_satisfied_needs_the_amount_within_the_interval(clock):
    watch = Watch(condition(field="celsius", above=40, amount=3, recovery_message="{name} cooled"), clock)
    for seconds in (0, 20, 20):
        clock.now += seconds
        watch.see("temperature.hall", "pump", {"celsius": 41.5})
        assert watch.judge() is None, "the first is out of the interval when the third comes"
    clock.now += 5
    watch.see("temperature.hall", "pump", {"celsius": 42.0})

    assert text(watch.judge()) == (True, "hot hall: 42.0")
    assert watch.judge() is None, "told once"
    clock.now += 31
    assert text(watch.judge()) == (False, "hot hall cooled")


def test_unsatisfied_is_silence_and_waits_for_one_interval_first(clock):
    watch = Watch(condition(condition="unsatisfied", message="{item} silent for {interval}"), clock)
    clock.now += 29
    assert watch.judge() is None
    clock.now += 2
    assert text(watch.judge()) == (True, "temperature.* silent for 30s")
    watch.see("temperature.hall", "pump", None)
    assert text(watch.judge()) == (False, "hot hall: over")


@pytest.mark.parametrize("kind", ["satisfied", "unsatisfied"])
def test_a_trouble_that_was_there_before_lasts_until_something_proves_its_end(clock, kind):
    watch = Watch(condition(condition=kind), clock, trouble=True)
    clock.now += 29
    assert watch.judge() is None
    if kind == "unsatisfied":
        watch.see("temperature.hall", "pump", None)
    else:
        clock.now += 2

    assert text(watch.judge()) == (False, "hot hall: over")


@pytest.mark.parametrize(
    ("keys", "value", "counts"),
    [
        ({}, None, True),
        ({"field": "celsius"}, {"celsius": 1}, True),
        ({"field": "celsius"}, {"kelvin": 1}, False),
        ({"field": "celsius", "above": 40}, {"celsius": 40}, False),
        ({"field": "celsius", "above": 40}, {"celsius": "hot"}, False),
        ({"field": "celsius", "above": 0}, {"celsius": True}, False),
        ({"field": "celsius", "above": 40}, {"celsius": float("nan")}, False),
        ({"field": "celsius", "above": 10, "below": 20}, {"celsius": 15}, True),
        ({"field": "celsius", "above": 10, "below": 20}, {"celsius": 25}, False),
        ({"field": "state", "equals": "tripped"}, {"state": "tripped"}, True),
        ({"field": "state", "equals": "tripped"}, {"state": "on"}, False),
        ({"producer": "fan*"}, None, False),
        ({"item": "pressure"}, None, False),
    ],
)
def test_what_counts(keys, value, counts):
    assert condition(**keys).counts("temperature.hall", "pump", value) is counts


def test_fields_deeper_down_and_fields_with_dots_are_found():
    value = {"board": {"0": {"volt": 3.3}}, "disk_free_bytes./": 7}

    assert field_of(value, "board.0.volt") == 3.3
    assert field_of(value, "disk_free_bytes./") == 7
    assert field_of(value, "board.1.volt") is None


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"interval": "soon"}, "duration"),
        ({"amount": 0}, "greater than or equal to 1"),
        ({"condition": "maybe"}, "'satisfied' or 'unsatisfied'"),
        ({"message": "{value.__class__}"}, "none of"),
        ({"above": 3}, "need the `field`"),
        ({"severity": "loud"}, "critical"),
        ({"abvoe": 3}, "Extra inputs"),
    ],
)
def test_mistakes_are_named(keys, told):
    with pytest.raises(ValidationError, match=told):
        condition(**keys)
