"""Where interface boards sit: the shipped assumption, changes over time, files that are wrong."""

from datetime import UTC, datetime

import pytest

from dsa_hcal_assets.hcal.emcal import assumed_map, board_layout, board_map
from dsa_hcal_assets.hcal.emcal.board_map import load_board_map
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMapError, NotABijection, OverlappingValidity
from dsa_hcal_assets.hcal.mapping.validity import MapNotValid

LINES = assumed_map.map_text().splitlines()
SWAPPED = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.fixture
def load(tmp_path):
    def load(*lines):
        path = tmp_path / "map.csv"
        path.write_text("\n".join(lines) + "\n")
        return load_board_map(path)

    return load


def test_the_shipped_files_are_those_the_code_generates(tmp_path):
    generated = assumed_map.write(tmp_path)
    shipped = (board_map.shipped_path(), board_layout.shipped_path())
    assert [path.read_text() for path in generated] == [path.read_text() for path in shipped]


def test_the_shipped_map_has_every_board_once():
    boards = load_board_map().at(SWAPPED).boards
    assert sorted(boards.values()) == [(sector, board) for sector in range(64) for board in range(6)]
    assert boards["S08", 3] == (8, 3)


def test_a_cable_swapped_one_day_is_mapped_before_and_after(load):
    old = [line for line in LINES if ",S00,0," in line or ",S00,1," in line]
    kept = [line for line in LINES if line not in old]
    until = [line.replace(",,", ",2024-05-01,") for line in old]
    mapping = load(*kept, *until, "2024-05-01,,S00,0,0,1", "2024-05-01,,S00,1,0,0")
    assert [
        mapping.at(moment).boards["S00", 0] for moment in (datetime(2024, 4, 30, tzinfo=UTC), SWAPPED)
    ] == [
        (0, 0),
        (0, 1),
    ]


def test_a_time_before_the_map_begins_is_refused():
    with pytest.raises(MapNotValid, match="2022"):
        load_board_map().at(datetime(2022, 12, 31, tzinfo=UTC))


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda lines: lines[:-1], NotABijection, "one to one"),
        (lambda lines: [*lines, "2023-01-01,,X,0,63,5"], OverlappingValidity, "S63-5 is in two places"),
        (lambda lines: [*lines, lines[-1]], OverlappingValidity, "S63/5 is two boards"),
        (lambda lines: [*lines[:-1], "2023-01-01,,S63,5,64,5"], ChannelMapError, r"line 388: sector"),
        (lambda lines: [*lines[:-1], "2023-01-01,,S63,6,63,5"], ChannelMapError, "channel 0-5"),
        (lambda lines: [*lines[:-1], "2023-01-01,,S63,5,63"], ChannelMapError, "6 columns"),
        (lambda lines: [*lines[:-1], "2023-01-01,2022-01-01,S63,5,63,5"], ChannelMapError, "before valid_to"),
        (lambda lines: lines[4:], ChannelMapError, "wrong header"),
        (lambda lines: lines[:4], NotABijection, "no rows"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_place(load, change, error, says):
    with pytest.raises(error, match=says):
        load(*change(LINES))


def test_a_file_that_is_not_there_is_refused_with_the_setting(tmp_path):
    with pytest.raises(ChannelMapError, match="EMCAL_BOARD_MAP_FILE"):
        load_board_map(tmp_path / "none.csv")
