"""A controller's view of the bytes it receives: when a command is complete, and what it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.simulation.boards.commands import Command, CommandCutter


def cut(data):
    return CommandCutter().feed(data)


@pytest.mark.parametrize(
    ("wire", "command"),
    [
        (b"$T0", Command("T", 0)),
        (b"$I7", Command("I", 7)),
        (b"$U3", Command("U", 3)),
        (b"$GR5", Command("GR", 5)),
        (b"$LA1", Command("LA", 1)),
        (b"$LR1", Command("LR", 1)),
        (b"$D2", Command("D", 2)),
        (b"$E", Command("E", -1)),
        (b"$H", Command("H", -1)),
    ],
)
def test_a_fixed_length_command_acts_as_soon_as_it_is_complete(wire, command):
    assert cut(wire[:-1]) == []
    assert cut(wire) == [command]
    assert cut(wire + b"\n\r") == [command]


@pytest.mark.parametrize(
    ("wire", "command"),
    [
        (b"$GS312-0150", Command("GS", 3, ("12", "-0150"))),
        (b"$LS023200", Command("LS", 0, ("2", "3200"))),
        (b"$LM0001F", Command("LM", 0, ("001F",))),
        (b"$A0h", Command("A", 0, ("h",))),
        (b"$A7n", Command("A", 7, ("n",))),
        (b"$P3FFFFFF", Command("P", 3, ("FFFFFF",))),
    ],
)
def test_a_command_without_output_needs_its_terminator(wire, command):
    assert cut(wire) == []
    assert cut(wire + b"\n\r") == [command]
    assert cut(wire + b"\r") == [command]


@pytest.mark.parametrize("end", [b"\n\r", b"\r\n", b"\n", b"\r", b" ", b"$"])
def test_a_command_with_a_longer_form_waits_for_the_next_byte(end):
    assert cut(b"$A0") == []
    assert cut(b"$A0" + end) == [Command("A", 0)]
    assert cut(b"$P7" + end) == [Command("P", 7)]


@pytest.mark.parametrize(
    "nothing", [b"\n\r", b"\n\r\n\r", b"", b"T0\n\r", b"$\n\r", b"$T\n\r", b"$T8\n\r", b"hello"]
)
def test_empty_lines_and_nonsense_do_nothing(nothing):
    assert cut(nothing) == []


def test_an_endless_line_is_not_remembered():
    cutter = CommandCutter()
    cutter.feed(b"$" + b"Z" * 1_000_000)
    assert cutter.feed(b"\n\r$T0") == [Command("T", 0)]


def test_several_commands_in_one_packet_come_in_order():
    assert cut(b"\n\r$T0\n\r$A1\n\r$U2") == [Command("T", 0), Command("A", 1), Command("U", 2)]


@given(st.binary(max_size=40), st.integers(0, 40))
def test_packets_may_be_cut_anywhere(data, at):
    cutter = CommandCutter()
    assert cutter.feed(data[:at]) + cutter.feed(data[at:]) == cut(data)
