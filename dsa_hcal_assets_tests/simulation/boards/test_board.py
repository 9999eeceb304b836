"""A simulated controller's state: what commands change, and the firmware's known faults."""

from datetime import UTC, datetime

import numpy as np
import pytest

from dsa_hcal_assets.simulation.boards.board import SimulatedBoard
from dsa_hcal_assets.simulation.boards.commands import CommandCutter

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def board():
    return SimulatedBoard("80", seed=7, now=lambda: NOW)


def say(board, wire):
    (command,) = CommandCutter().feed(wire + b"\n\r")
    output = board.execute(command)
    return None if output is None else output.lines


@pytest.mark.parametrize("letters", [b"T", b"I", b"GR", b"D"])
def test_tower_commands_give_one_line_a_tower(board, letters):
    assert len(say(board, b"$" + letters + b"0")) == 24


def test_voltages_are_positive_bias_negative(board):
    truth = board.truth(4)
    assert [float(line) for line in say(board, b"$U4")] == [truth.lv_positive, truth.bias, truth.lv_negative]


@pytest.mark.parametrize("wire", [b"$GS000-0150", b"$A0h", b"$P0FFFFFF", b"$LS001900", b"$LM0001F"])
def test_setting_commands_give_no_output(board, wire):
    assert say(board, wire) is None


def test_an_offset_that_is_set_is_read_back(board):
    say(board, b"$GS312-0150")
    assert say(board, b"$GR3")[12] == "-150"
    assert board.truth(3).offset[12] == -150


def test_the_offset_of_a_tower_that_does_not_exist_changes_nothing(board):
    before = board.offsets.copy()
    say(board, b"$GS099-0150")
    np.testing.assert_array_equal(board.offsets, before)


def test_gain_is_set_and_read_back(board):
    assert say(board, b"$A0") == ("Norm",)
    say(board, b"$A0h")
    assert say(board, b"$A0") == ("High",)
    assert say(board, b"$A1") == ("Norm",)


def test_leds_light_the_pin_diodes_they_are_masked_on_for(board):
    say(board, b"$LS023200")
    assert say(board, b"$LR0")[2] == "3200"
    assert say(board, b"$LA0") == ("0",) * 5
    say(board, b"$LM00004")
    assert [line != "0" for line in say(board, b"$LA0")] == [False, False, True, False, False]
    assert [float(line) for line in say(board, b"$LA0")] == list(board.pin_diodes(0))


def test_leds_have_intensities_of_their_own_from_the_start(board):
    assert [float(line) for line in say(board, b"$LR4")] == list(board.truth(4).led_intensity)
    assert {1900 <= dac <= 3200 for dac in board.truth(4).led_intensity} == {True}


def test_reading_any_test_pulse_mask_clears_that_of_channel_7(board):
    say(board, b"$P7FFFFFF")
    say(board, b"$P00000FF")
    assert say(board, b"$P0") == ("0000FF",)
    assert board.pulse_masks[7] == "000000"


def test_reading_everything_disturbs_a_setting(board):
    say(board, b"$GS000-0150")
    assert len(say(board, b"$E")) == 8 * 24
    assert board.offsets[0, 0] == 0


def test_a_power_cut_leaves_high_gain_and_arbitrary_offsets(board):
    before = board.offsets.copy()
    board.power_cut()
    assert say(board, b"$A5") == ("High",)
    assert not np.array_equal(board.offsets, before)
    assert -2000 <= board.offsets.min() <= board.offsets.max() <= 1270


def test_help_is_given(board):
    assert say(board, b"$H")


def test_what_was_asked_is_remembered(board):
    say(board, b"$T0")
    say(board, b"$GS312-0150")
    assert board.commands == ["T0", "GS312-0150"]
