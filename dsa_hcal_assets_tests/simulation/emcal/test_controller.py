"""A simulated EMCal controller answers as the real one is known to."""

from datetime import UTC, datetime

import pytest

from dsa_hcal_assets.simulation.boards.commands import CommandCutter
from dsa_hcal_assets.simulation.emcal.controller import SimulatedController
from dsa_hcal_assets.simulation.emcal.rack import EmcalRack

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def ask():
    """Send bytes to a controller; return the lines of each output (None: nothing, not even a prompt)."""
    controller = SimulatedController(8, 7, now=lambda: NOW)

    def ask(wire):
        outputs = [controller.execute(command) for command in CommandCutter().feed(wire)]
        return [None if output is None else output.lines for output in outputs]

    ask.controller = controller
    return ask


def test_a_board_has_32_temperatures_64_currents_3_voltages_and_a_gain(ask):
    lines = ask(b"\n\r\n\r$T0\n\r$I0\n\r$U0\n\r$A0\n\r")
    assert [len(reply) for reply in lines] == [32, 64, 3, 1]
    assert lines[3] == ("Norm",)


def test_temperatures_come_in_pairs_of_sipm_and_pre_amplifier(ask):
    [lines] = ask(b"$T2\n\r")
    truth = ask.controller.truth(2)
    assert lines[:4] == tuple(
        f"{value:.2f}" for value in (truth.sipm[0], truth.preamp[0], truth.sipm[1], truth.preamp[1])
    )


def test_gain_is_set_without_output_and_read_back(ask):
    assert ask(b"$A3h\n\r$A3\n\r$A4\n\r") == [None, ("High",), ("Norm",)]


def test_a_power_cut_leaves_high_gain_and_no_bias(ask):
    ask.controller.power_cut()
    gain, voltages, leakage = ask(b"$A0\n\r$U0\n\r$I0\n\r")
    assert (gain, voltages[1]) == (("High",), "0.000")
    assert set(leakage) == {"0.000"}


def test_a_board_that_does_not_exist_says_nothing(ask):
    assert ask(b"$T6\n\r$T7\n\r") == [None, None]


def test_a_rack_has_an_address_a_sector_or_a_board():
    together, apart = EmcalRack(7), EmcalRack(7, [8], apart=True)
    assert (len(together.servers), len(apart.servers)) == (64, 6)
    assert list(apart.servers) == [f"S08-{board}" for board in range(6)]
    assert len({id(server.board) for server in apart.servers.values()}) == 1
