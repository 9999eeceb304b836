"""A map is held against its own rule: exchanged connectors are found, other rules are accepted."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.hcal.mapping import channel_map as maps
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap, MapEpoch, parse_channel_map
from dsa_hcal_assets.hcal.mapping.consistency import judge, plausibility_metric
from dsa_hcal_assets.hcal.mapping.difference import describe
from dsa_hcal_assets_tests.hcal.mapping import rewired

NOW = datetime(2025, 6, 5, tzinfo=UTC)
places = st.tuples(st.sampled_from(maps.BOARDS), st.integers(0, 7).map(str), st.integers(0, 23).map(str))


def epoch_of(text: str) -> MapEpoch:
    return parse_channel_map(text, "a map").at(NOW)


def test_the_shipped_map_follows_its_rule_everywhere(channel_map: ChannelMap) -> None:
    found = judge(channel_map.at(NOW))
    assert (found.following, found.implausible, found.far_neighbours) == (1.0, (), ())


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (("80",), ("81",), "boards 80 and 81 are exchanged"),
        (("85",), ("95",), "boards 85 and 95 are exchanged"),
        (("80", "0"), ("80", "1"), "channels 80/0 and 80/1 are exchanged"),
        (("84", "6"), ("97", "1"), "channels 84/6 and 97/1 are exchanged"),
        (("80", "0", "3"), ("80", "0", "4"), "values 80/0/3 and 80/0/4 are exchanged"),
    ],
)
def test_an_exchange_is_implausible_and_named(one: rewired.Place, other: rewired.Place, words: str) -> None:
    found = judge(epoch_of(rewired.exchanged((one, other))))
    assert list(describe(found.implausible)) == [words]


@settings(max_examples=15)
@given(places, places)
def test_any_two_exchanged_values_are_found(one: rewired.Place, other: rewired.Place) -> None:
    found = judge(epoch_of(rewired.exchanged((one, other))))
    expected = {(board, int(channel), int(value)) for board, channel, value in (one, other)}
    assert {move.place for move in found.implausible} == (expected if one != other else set())


@pytest.mark.parametrize(
    "of_value",
    [lambda value: 23 - value, lambda value: value // 2 + 12 * (value % 2)],
    ids=["from outside in", "one phi after the other"],
)
def test_another_rule_is_accepted_and_its_breaches_are_found(of_value: Callable[[int], int]) -> None:
    text = rewired.relabelled(of_value)
    assert judge(epoch_of(text)).following == 1.0
    lines = text.splitlines()
    swapped = [
        *lines[:1],
        _with_tower(lines[1], lines[5]),
        *lines[2:5],
        _with_tower(lines[5], lines[1]),
        *lines[6:],
    ]
    found = judge(epoch_of("\n".join(swapped)))
    assert len(found.implausible) == 2


def test_a_day_is_judged_by_the_worst_of_its_maps(channel_map: ChannelMap) -> None:
    swap = (("80", "0"), ("80", "1"))
    text = rewired.exchanged(swap, since="2025-06-05T12:00", until="2025-06-05T13:00")
    swapped = parse_channel_map(text, "a map")
    found = plausibility_metric(swapped, "2025-06-05")
    assert (found.value, found.detail) == (48, "channels 80/0 and 80/1 are exchanged")
    assert plausibility_metric(swapped, "2025-06-06").value == 0
    assert math.isnan(plausibility_metric(channel_map, "2022-12-31").value)
    assert math.isnan(plausibility_metric(None, "2025-06-05").value)


def test_a_rule_without_neighbours_is_told() -> None:
    found = judge(epoch_of(rewired.relabelled(lambda value: value * 7 % 24)))
    assert found.following == 1.0
    assert len(found.far_neighbours) > 10


def test_a_map_without_a_rule_is_not_judged_place_by_place(channel_map: ChannelMap, tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    head, *rows = [line for line in channel_map.text.splitlines() if not line.startswith("#")]
    order = random.permutation(len(rows))
    text = "\n".join([head, *(_with_tower(row, rows[other]) for row, other in zip(rows, order, strict=True))])
    found = judge(epoch_of(text))
    assert not found.has_rule
    assert found.implausible == ()


def _with_tower(row: str, other: str) -> str:
    return ",".join([*row.split(",")[:5], *other.split(",")[5:]])
