"""Two maps compared: what moved, said in the fewest words, and for which times."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets.hcal.mapping.difference import compare, describe
from dsa_hcal_assets.hcal.mapping.validity import FOREVER
from dsa_hcal_assets_tests.hcal.mapping import rewired

MARCH, APRIL = datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("one", "other", "values", "words"),
    [
        (("80",), ("81",), 384, "boards 80 and 81 are exchanged"),
        (("80",), ("97",), 384, "boards 80 and 97 are exchanged"),
        (("80", "0"), ("80", "1"), 48, "channels 80/0 and 80/1 are exchanged"),
        (("80", "0"), ("93", "7"), 48, "channels 80/0 and 93/7 are exchanged"),
        (("80", "0", "3"), ("80", "0", "4"), 2, "values 80/0/3 and 80/0/4 are exchanged"),
        (("80", "0", "3"), ("95", "5", "23"), 2, "values 80/0/3 and 95/5/23 are exchanged"),
    ],
)
def test_an_exchange_is_found_and_named(
    channel_map: ChannelMap,
    tmp_path: Path,
    one: rewired.Place,
    other: rewired.Place,
    values: int,
    words: str,
) -> None:
    changed = rewired.written(tmp_path / "map.csv", rewired.exchanged((one, other)))
    (found,) = compare(channel_map, changed)
    assert len(found.moves) == values
    assert list(describe(found.moves)) == [words]


def test_several_exchanges_are_told_apart(channel_map: ChannelMap, tmp_path: Path) -> None:
    text = rewired.exchanged(
        (("82",), ("83",)), (("80", "2"), ("80", "4")), (("90", "1", "0"), ("90", "1", "9"))
    )
    (found,) = compare(channel_map, rewired.written(tmp_path / "map.csv", text))
    assert sorted(describe(found.moves)) == [
        "boards 82 and 83 are exchanged",
        "channels 80/2 and 80/4 are exchanged",
        "values 90/1/0 and 90/1/9 are exchanged",
    ]


def test_what_is_no_exchange_is_told_value_by_value(channel_map: ChannelMap, tmp_path: Path) -> None:
    turned = rewired.written(tmp_path / "map.csv", rewired.relabelled(lambda value: (value + 1) % 24))
    (found,) = compare(channel_map, turned)
    told = list(describe(found.moves))
    assert len(told) == 128
    assert told[0] == "80/0/0: OHCal 456 (O-08N) -> OHCal 527 (O-08N) and 23 more values of channel 80/0"


def test_times_have_sharp_edges(channel_map: ChannelMap, tmp_path: Path) -> None:
    text = rewired.exchanged((("80", "0"), ("80", "1")), since="2025-03-01", until="2025-04-01")
    changed = rewired.written(tmp_path / "map.csv", text)
    (found,) = compare(channel_map, changed)
    assert (found.start, found.end, found.covered) == (MARCH, APRIL, True)
    (back,) = compare(changed, channel_map)
    assert [(move.after, move.before) for move in back.moves] == [
        (move.before, move.after) for move in found.moves
    ]


def test_a_map_that_says_the_same_in_more_epochs_is_the_same(channel_map: ChannelMap, tmp_path: Path) -> None:
    text = rewired.exchanged((("80", "0"), ("80", "0")), since="2025-03-01")
    more = rewired.written(tmp_path / "map.csv", text)
    assert len(more.epochs) == 2
    assert compare(channel_map, more) == ()


def test_a_time_only_one_map_knows_is_not_covered(channel_map: ChannelMap, tmp_path: Path) -> None:
    text = "".join(rewired.exchanged()).replace("2023-01-01,,", "2023-01-01,2025-03-01,")
    (found,) = compare(channel_map, rewired.written(tmp_path / "map.csv", text))
    assert (found.start, found.end, found.covered) == (MARCH, FOREVER, False)
    assert len(found.moves) == 3072
