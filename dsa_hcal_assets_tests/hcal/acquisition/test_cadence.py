"""What is asked of the boards in which cycle, and that nothing else is."""

import asyncio

import numpy as np
import pytest

from dsa_hcal_assets.hcal.acquisition.board_polling import Cadence, board_polling
from dsa_hcal_assets.hcal.controllers.protocol import EVERY_CYCLE, Reading
from dsa_hcal_assets.settings.hcal import HcalSettings
from dsa_hcal_assets.simulation.boards.commands import Command
from dsa_hcal_assets.simulation.boards.rack import Rack
from dsa_hcal_assets_tests.hcal.acquisition.conftest import DEADLINES, NOW

NOW_AND_THEN = {Reading.LED_INTENSITIES, Reading.PIN_DIODES, Reading.DAC}


@pytest.fixture
def cycles(tmp_path):
    """Poll board 80 for some cycles; returns the snapshots and, for each, what the board was asked."""

    async def polled(cadence, count):
        rack = Rack(7, ["80"], now=lambda: NOW)
        await rack.start()
        board = rack.board("80")
        board.execute(Command("LM", 3, ("001F",)))
        snapshots, asked = [], []
        async with board_polling(rack.boards, tmp_path, DEADLINES, cadence=cadence) as polling:
            for _ in range(count):
                board.commands.clear()
                snapshots.append(await polling.cycle(-1))
                asked.append(list(board.commands))
        await rack.stop()
        return snapshots, asked, board

    return lambda cadence, count: asyncio.run(polled(cadence, count))


def test_every_cycle_asks_for_what_reconstruction_needs():
    for sequence in range(20):
        assert set(EVERY_CYCLE) <= set(Cadence(3, 4, 5).readings(sequence))


@pytest.mark.parametrize(
    ("cadence", "due"),
    [
        (Cadence(2, 3, 0), [{"LR", "LA"}, set(), {"LR"}, {"LA"}]),
        (Cadence(0, 0, 0), [set()] * 4),
        (Cadence(1, 0, 4), [{"LR", "D"}, {"LR"}, {"LR"}, {"LR"}]),
    ],
    ids=["LEDs every 2nd, diodes every 3rd", "never", "LEDs always, DAC every 4th"],
)
def test_the_board_is_asked_for_what_is_due_and_for_nothing_else(cycles, cadence, due):
    _, asked, _ = cycles(cadence, 4)
    for commands, letters in zip(asked, due, strict=True):
        expected = {f"{one}{channel}" for one in letters | {"T", "U", "I", "GR", "A"} for channel in range(8)}
        assert sorted(commands) == sorted(expected)


def test_what_was_read_is_the_truth_and_what_was_not_asked_for_is_none(cycles):
    (first, second), _, board = cycles(Cadence(2, 2, 2), 2)
    for channel in first.boards[0].channels:
        truth = board.truth(channel.channel, NOW)
        np.testing.assert_array_equal(channel.led_intensity, truth.led_intensity)
        np.testing.assert_array_equal(channel.pin_diode, board.pin_diodes(channel.channel))
        np.testing.assert_array_equal(channel.dac, truth.offset + 2048)
        assert (channel.pin_diode > 5).any() == (channel.channel == 3)
    for channel in second.boards[0].channels:
        assert (channel.led_intensity, channel.pin_diode, channel.dac) == (None, None, None)
    assert [one.boards[0].status for one in (first, second)] == ["ok", "ok"]


def test_it_comes_from_the_settings():
    settings = HcalSettings(led_cycles=2, pin_diode_cycles=3, dac_cycles=4)
    assert Cadence.of(settings) == Cadence(2, 3, 4)
    assert Cadence.of(HcalSettings()) == Cadence()


def test_all_that_is_no_reading_of_every_cycle_has_a_cadence():
    assert (
        set(Reading) - set(EVERY_CYCLE)
        == NOW_AND_THEN
        == set(Cadence(1, 1, 1).readings(7)) - set(EVERY_CYCLE)
    )
