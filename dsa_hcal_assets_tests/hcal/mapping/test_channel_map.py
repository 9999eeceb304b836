"""The channel map: what ships, look-up by time, and each way a map file can be wrong."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.hcal.mapping import assumed_map, channel_map, geometry
from dsa_hcal_assets.hcal.mapping.channel_map import (
    ChannelMapError,
    NotABijection,
    OverlappingValidity,
    UnknownBoard,
    load_channel_map,
)
from dsa_hcal_assets.hcal.mapping.validity import MapNotValid

NOW = datetime(2025, 6, 5, 12, tzinfo=UTC)
Edit = Callable[[list[str]], list[str]]


@pytest.fixture(scope="module")
def shipped() -> channel_map.ChannelMap:
    return load_channel_map()


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[Edit], Path]:
    """The shipped map with its data lines changed."""

    def write(edit: Edit) -> Path:
        head, *rows = [line for line in "".join(assumed_map.lines()).splitlines() if not line.startswith("#")]
        path = tmp_path / "map.csv"
        path.write_text("\n".join([head, *edit(rows)]) + "\n")
        return path

    return write


def test_the_shipped_file_is_the_one_the_assumption_generates(tmp_path: Path) -> None:
    assumed_map.write(tmp_path / "again.csv")
    assert channel_map.shipped_path().read_bytes() == (tmp_path / "again.csv").read_bytes()


def test_the_shipped_file_says_that_it_is_an_assumption() -> None:
    assert channel_map.shipped_path().read_text().startswith("# ASSUMPTION")


def test_sixteen_boards_reach_every_tower_once(shipped: channel_map.ChannelMap) -> None:
    epoch = shipped.at(NOW)
    assert epoch.boards == channel_map.BOARDS
    assert sorted(epoch.tower_ids.ravel().tolist()) == list(range(3072))


@given(st.sampled_from(channel_map.BOARDS), st.integers(0, 7))
def test_a_channel_is_one_half_sector_even_north_odd_south(board: str, channel: int) -> None:
    epoch = load_channel_map_once().at(NOW)
    towers = epoch.towers_of(board)
    assert towers is not None
    served = geometry.towers().half_sector[towers[channel]]
    assert len(set(served)) == 1
    assert served[0] % 2 == channel % 2


@pytest.mark.parametrize(
    ("board", "detector", "sectors"),
    [
        ("80", 0, {8, 9, 10, 11}),
        ("81", 0, {12, 13, 14, 15}),
        ("90", 0, {24, 25, 26, 27}),
        ("93", 0, {4, 5, 6, 7}),
        ("84", 1, {8, 9, 10, 11}),
        ("97", 1, {4, 5, 6, 7}),
    ],
)
def test_a_board_serves_four_sectors_of_one_detector(
    shipped: channel_map.ChannelMap, board: str, detector: int, sectors: set[int]
) -> None:
    served = shipped.at(NOW).towers_of(board)
    towers = geometry.towers()
    assert set(towers.sector[served].ravel().tolist()) == sectors
    assert set(towers.detector[served].ravel().tolist()) == {detector}


def test_values_count_from_the_centre_outwards_with_phi_alternating(shipped: channel_map.ChannelMap) -> None:
    served = shipped.at(NOW).towers_of("80")
    assert served is not None
    towers = geometry.towers()
    assert towers.ieta[served[0]].tolist() == np.repeat(np.arange(12, 24), 2).tolist()
    assert towers.ieta[served[1]].tolist() == np.repeat(np.arange(11, -1, -1), 2).tolist()
    assert towers.iphi[served[0]].tolist() == [16, 17] * 12


def test_before_the_map_begins_nothing_is_guessed(shipped: channel_map.ChannelMap) -> None:
    with pytest.raises(MapNotValid, match="2022"):
        shipped.at(datetime(2022, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert shipped.at(datetime(2023, 1, 1, tzinfo=UTC)) is shipped.epochs[0]


def test_a_naive_time_is_refused(shipped: channel_map.ChannelMap) -> None:
    with pytest.raises(ValueError, match="naive"):
        shipped.at(datetime(2025, 1, 1))


def test_an_unmapped_board_has_no_towers(shipped: channel_map.ChannelMap) -> None:
    assert shipped.at(NOW).towers_of("99") is None


def test_swapped_cables_are_two_epochs_with_a_sharp_edge(edited: Callable[[Edit], Path]) -> None:
    def swap(rows: list[str]) -> list[str]:
        swapped = {"80,0": "80,1", "80,1": "80,0"}
        result = []
        for row in rows:
            start, _, board, channel, rest = row.split(",", 4)
            other = swapped.get(f"{board},{channel}")
            if other is None:
                result.append(row)
            else:
                result += [
                    f"{start},2025-03-01,{board},{channel},{rest}",
                    f"2025-03-01,,{other},{rest}",
                ]
        return result

    cabling = load_channel_map(edited(swap))
    before = cabling.at(datetime(2025, 2, 28, 23, 59, 59, tzinfo=UTC)).towers_of("80")
    after = cabling.at(datetime(2025, 3, 1, tzinfo=UTC)).towers_of("80")
    assert before is not None
    assert after is not None
    assert len(cabling.epochs) == 2
    np.testing.assert_array_equal(before[0], after[1])
    np.testing.assert_array_equal(before[2], after[2])


@pytest.mark.parametrize(
    ("edit", "error", "message"),
    [
        (lambda rows: rows[1:], NotABijection, "1 towers without a value"),
        (lambda rows: [], NotABijection, "no rows"),
        (lambda rows: [*rows, rows[0]], OverlappingValidity, "80/0/0 has two towers"),
        (
            lambda rows: [*rows, "2024-01-01,2024-02-01,80,0,0,outer,13,16"],
            OverlappingValidity,
            "has two towers",
        ),
        (
            lambda rows: [*rows[1:], rows[1].replace("80,0,1,", "80,0,0,")],
            OverlappingValidity,
            "has two values",
        ),
        (
            lambda rows: [rows[0].replace(",80,", ",79,"), *rows[1:]],
            UnknownBoard,
            "line 2: unknown board '79'",
        ),
        (lambda rows: [rows[0].replace("outer", "emcal"), *rows[1:]], ChannelMapError, "line 2"),
        (lambda rows: [rows[0].replace(",12,16", ",24,16"), *rows[1:]], ChannelMapError, "ieta 0-23"),
        (lambda rows: [rows[0].replace("80,0,0", "80,8,0"), *rows[1:]], ChannelMapError, "channel 0-7"),
        (lambda rows: [rows[0].replace("2023-01-01", "soon"), *rows[1:]], ChannelMapError, "line 2"),
        (
            lambda rows: [rows[0].replace("01,,", "01,2022-01-01,"), *rows[1:]],
            ChannelMapError,
            "before valid_to",
        ),
        (lambda rows: [rows[0] + ",7", *rows[1:]], ChannelMapError, "line 2"),
        (
            lambda rows: [row.replace("-01,,", "-01,2024-01-01,") for row in rows[:1]] + rows[1:],
            NotABijection,
            "2024",
        ),
    ],
)
def test_a_wrong_map_is_refused_with_the_place(
    edited: Callable[[Edit], Path], edit: Edit, error: type[ChannelMapError], message: str
) -> None:
    with pytest.raises(error, match=message):
        load_channel_map(edited(edit))


@pytest.mark.parametrize("content", [b"", b"a,b,c\n1,2,3\n", b"\xff\xfe\x00"])
def test_a_file_that_is_no_map_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "map.csv"
    path.write_bytes(content)
    with pytest.raises(ChannelMapError):
        load_channel_map(path)


def test_a_missing_file_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ChannelMapError, match="CHANNEL_MAP_FILE"):
        load_channel_map(tmp_path / "none.csv")


def test_the_digest_tells_maps_apart(edited: Callable[[Edit], Path], shipped: channel_map.ChannelMap) -> None:
    assert load_channel_map().digest == shipped.digest
    assert load_channel_map(edited(lambda rows: rows[::-1])).digest != shipped.digest


def load_channel_map_once(cache: list[channel_map.ChannelMap] = []) -> channel_map.ChannelMap:  # noqa: B006
    if not cache:
        cache.append(load_channel_map())
    return cache[0]
