"""The low-voltage crate as the clients written for the real one talk to it."""

import asyncio

import pytest

from dsa_hcal_assets.simulation.supplies.lv_crate import LvCommandCutter, LvServer, SimulatedLvCrate


def talk(*said: bytes, until: bytes = b">"):
    """Say things, each answered up to `until`, over a socket as telnetlib's clients do."""

    async def run():
        crate = SimulatedLvCrate(7)
        server = LvServer(crate)
        await server.start()
        try:
            reader, writer = await asyncio.open_connection(server.host, server.port)
            answers = []
            for one in said:
                writer.write(one)
                answers.append(await asyncio.wait_for(reader.readuntil(until), 5))
            writer.close()
            return answers, crate
        finally:
            await server.stop()

    return asyncio.run(run())


def read_by_their_client(answer: bytes, unit: str) -> list[str]:
    """What the published control script makes of an answer: the echo first, then the values."""
    line = answer.decode("ascii").replace("\n\r>", "").replace("\r", "").replace(unit, "")
    return line.split("\n")


def test_voltages_come_echoed_with_units_and_line_feed_first():
    [answer], crate = talk(b"$V01\n\r")
    assert answer.startswith(b"V01\n\r")
    assert answer.endswith(b"V\n\r>")
    values = read_by_their_client(answer, "V")
    assert len(values) == 17
    assert [float(value) for value in values[1:]] == crate.voltages(1)


def test_currents_too():
    [answer], crate = talk(b"$I16\n\r")
    assert [float(value) for value in read_by_their_client(answer, "A")[1:]] == crate.currents(16)


def test_empty_lines_give_nothing_and_a_command_needs_no_terminator():
    answers, _ = talk(b"\n\r\n\r$V02", b"$I02\n\r")
    assert [answer[:3] for answer in answers] == [b"V02", b"I02"]


def test_switching_off_takes_both_rails_of_a_channel():
    (done, volts), crate = talk(b"$E01FE\n\r", b"$V01\n\r")
    assert done == b"E01FE\n\r>"
    values = [float(value) for value in read_by_their_client(volts, "V")[1:]]
    assert [number for number, value in enumerate(values) if value == 0] == [0, 8]
    assert crate.commands == ["E01FE", "V01"]


def test_a_reset_switches_everything_off():
    _, crate = talk(b"$R\n\r", b"$V01\n\r")
    assert crate.voltages(1) == [0.0] * 16


def test_a_slot_that_does_not_exist_gives_only_its_echo():
    [answer], _ = talk(b"$V17\n\r")
    assert answer == b"V17\n\r>"


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_commands_are_cut_the_same_however_the_bytes_arrive(size):
    data = b"\n\r$V01\n\r$I1$I02$E03ff\n\r$R\n\rnoise$Z9\n\r$V16"
    cutter, commands = LvCommandCutter(), []
    for start in range(0, len(data), size):
        commands += cutter.feed(data[start : start + size])
    assert [command.text for command in commands] == ["V01", "I02", "E03ff", "R", "V16"]


def test_a_command_that_never_ends_is_forgotten():
    cutter = LvCommandCutter()
    assert cutter.feed(b"$" + b"X" * 100 + b"\n\r$V01") == LvCommandCutter().feed(b"$V01")
