"""All interface boards polled over real sockets, healthy and not."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest

from dsa_hcal_assets.hcal.acquisition.connection import Connection
from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.read_commands import CommandRefused
from dsa_hcal_assets.hcal.emcal.polling import emcal_boards, emcal_polling
from dsa_hcal_assets.hcal.emcal.protocol import Reading, Request, require_read_only
from dsa_hcal_assets.hcal.emcal.snapshot import read_snapshot
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.emcal.rack import EmcalRack

NOW = datetime(2026, 11, 21, 1, 22, 33, tzinfo=UTC)
# short enough for a fast suite, long enough for a machine that is busy with other things
DEADLINES = Deadlines(connect=2.0, reply=1.0, board=10.0, quiet=0.03, backoff=0.01)


def poll(rack, *, cycles=1, deadlines=DEADLINES, between=None):
    """Start `rack`, poll it, stop it; `between` is called with the rack after the first cycle."""

    async def run():
        await rack.start()
        polled = emcal_boards(rack.controllers, deadlines)
        snapshots = []
        try:
            for number in range(cycles):
                if number == 1 and between is not None:
                    between(rack)
                snapshots.append(await polled.take(NOW, number, "test", -1))
        finally:
            polled.close()
            await rack.stop()
        return snapshots

    return asyncio.run(run())


def rack(sectors=(8, 40), **options):
    return EmcalRack(7, sectors, now=lambda: NOW, **options)


def assert_shows_the_truth(reading, simulated):
    """To the decimals the boards give."""
    for index, channel in enumerate(reading.channels):
        truth = simulated.truth(channel)
        np.testing.assert_allclose(reading.temperature[index, ::2], truth.sipm, atol=0.0051)
        np.testing.assert_allclose(reading.temperature[index, 1::2], truth.preamp, atol=0.0051)
        np.testing.assert_allclose(reading.leakage[index], truth.leakage, atol=0.00051)
        assert reading.voltage[index] == pytest.approx(
            [truth.lv_positive, truth.bias, truth.lv_negative], abs=1e-3
        )


def test_every_value_a_board_shows_is_read():
    simulated = rack()
    [snapshot] = poll(simulated)
    assert [board.status for board in snapshot.boards()] == ["ok"] * 12
    for reading in snapshot.controllers:
        assert_shows_the_truth(reading, simulated.board(reading.controller))
        assert reading.gain == ("normal",) * 6
        assert reading.sampled_at is not None


def test_boards_with_addresses_of_their_own_are_read_the_same():
    together, apart = (poll(rack([8], apart=apart))[0] for apart in (False, True))
    assert [reading.channels for reading in apart.controllers] == [(channel,) for channel in range(6)]
    for name in ("temperature", "leakage", "voltage"):
        np.testing.assert_array_equal(
            np.concatenate([getattr(reading, name) for reading in apart.controllers]),
            getattr(together.controllers[0], name),
        )


def test_only_read_commands_are_ever_sent():
    simulated = rack([8])
    poll(simulated, cycles=2)
    assert set(simulated.board("S08").commands) == {f"{word}{board}" for word in "TUIA" for board in range(6)}


def test_a_power_cut_shows_as_high_gain_without_bias():
    before, after = poll(rack([8]), cycles=2, between=lambda rack: rack.board("S08").power_cut())
    assert (before.controllers[0].voltage[:, 1] > 60).all()
    assert after.controllers[0].gain == ("high",) * 6
    assert (after.controllers[0].voltage[:, 1] == 0).all()
    assert (after.controllers[0].leakage == 0).all()


@pytest.mark.parametrize("fault", ["echo", "units", "iac", "banner", "line_end"])
def test_every_documented_way_to_reply_is_understood(fault):
    value = "crlf" if fault == "line_end" else True
    simulated = rack([8], faults={"S08": Faults(**{fault: value})})
    [snapshot] = poll(simulated)
    assert {board.status for board in snapshot.boards()} == {"ok"}
    assert_shows_the_truth(snapshot.controllers[0], simulated.board("S08"))


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"down": True}, "down"),
        ({"mute": True}, "down"),
        ({"extra_values": -3}, "down"),
        ({"garbage": True}, "down"),
        ({"nan": True}, "partial"),
        ({"reset": True}, "down"),
    ],
)
def test_a_faulty_controller_costs_its_own_boards_only(fault, status):
    quick = Deadlines(connect=1.0, reply=0.2, board=5.0, quiet=0.03, backoff=0.01)
    [snapshot] = poll(rack(faults={"S40": Faults(**fault)}), deadlines=quick)
    healthy, faulty = (list(reading.boards()) for reading in snapshot.controllers)
    assert [board.status for board in healthy] == ["ok"] * 6
    assert {board.status for board in faulty} == {status}
    assert all(board.error["error"] for board in faulty)


def test_one_faulty_interface_board_costs_only_itself():
    faults = {"S08": Faults(garbage=True, channels=[3])}
    [snapshot] = poll(rack([8], faults=faults))
    assert [board.status for board in snapshot.boards()] == ["ok", "ok", "ok", "down", "ok", "ok"]


def test_the_snapshot_is_a_file_once_the_cycle_is_over(tmp_path):
    async def run():
        simulated = rack([8])
        await simulated.start()
        try:
            async with emcal_polling(simulated.controllers, tmp_path, DEADLINES) as polling:
                taken = await polling.cycle(52001)
                await polling.finish(5.0)
                return taken
        finally:
            await simulated.stop()

    taken = asyncio.run(run())
    [path] = tmp_path.glob("emcal_*.snap")
    back = read_snapshot(path)
    assert (back.cycle, back.run_number) == (taken.cycle, 52001)
    assert back.controllers == taken.controllers


def test_all_384_boards_are_read_in_one_process():
    [snapshot] = poll(EmcalRack(7, apart=True, now=lambda: NOW), deadlines=Deadlines(connect=20, reply=20))
    boards = snapshot.boards()
    assert len(boards) == 384
    assert {board.status for board in boards} == {"ok"}


@pytest.mark.parametrize("command", ["A0h", "GS000-0150", "LS001900", "P0FFFFFF", "E", "GR0", "T6"])
def test_a_command_that_is_no_question_is_refused_before_the_socket(command):
    """Even if the code that says what is asked were wrong."""
    wrong = SimpleNamespace(text=command, wire=f"${command}\n\r".encode(), count=1, units=())

    async def run():
        simulated = rack([8])
        await simulated.start()
        connection = await Connection.open(simulated.boards[0], DEADLINES, require_read_only)
        try:
            with pytest.raises(CommandRefused):
                await connection.ask(wrong)
            await connection.ask(Request(Reading.GAIN, 0))
        finally:
            connection.close()
            await simulated.stop()
        return simulated.board("S08").commands

    assert asyncio.run(run()) == ["A0"]
