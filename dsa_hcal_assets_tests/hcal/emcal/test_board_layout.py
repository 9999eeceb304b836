"""Which value of a reply is which channel's: the shipped assumption, and files that are wrong."""

import pytest

from dsa_hcal_assets.hcal.emcal.assumed_map import layout_text
from dsa_hcal_assets.hcal.emcal.board_layout import BoardLayoutError, load_board_layout

LINES = layout_text().splitlines()


def test_each_channel_has_a_current_of_its_own_and_each_2_x_2_towers_a_pair_of_sensors():
    layout = load_board_layout()
    assert sorted(layout.leakage) == list(range(64))
    assert [(int(layout.sipm[channel]), int(layout.preamp[channel])) for channel in (0, 3, 4, 63)] == [
        (0, 1),
        (0, 1),
        (2, 3),
        (30, 31),
    ]


def test_rows_may_come_in_any_order(tmp_path):
    path = tmp_path / "layout.csv"
    path.write_text("\n".join([LINES[3], *reversed(LINES[4:])]))
    assert load_board_layout(path).sipm.tolist() == load_board_layout().sipm.tolist()


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (LINES[:-1], "63 rows"),
        ([*LINES[:-1], "63,62,30,31"], "leakage_value"),
        ([*LINES[:-1], "62,63,30,31"], "channel"),
        ([*LINES[:-1], "63,63,30,32"], "temperatures"),
        ([*LINES[:-1], "63,63,thirty,31"], "cannot be read"),
        (LINES[4:], "wrong shape"),
        ([], "cannot be read"),
    ],
)
def test_a_file_that_is_wrong_is_refused(tmp_path, lines, says):
    path = tmp_path / "layout.csv"
    path.write_text("\n".join(lines))
    with pytest.raises(BoardLayoutError, match=says):
        load_board_layout(path)
