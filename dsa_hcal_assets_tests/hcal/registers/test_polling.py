"""Registers polled over real sockets, by text and by Modbus, healthy and not."""

import asyncio
from datetime import UTC, datetime

import pytest

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.controllers.boards import Board
from dsa_hcal_assets.hcal.registers.polling import Group, PolledRegisters, register_polling
from dsa_hcal_assets.hcal.registers.snapshot import read_snapshot
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.registers.rack import RegisterRack
from dsa_hcal_assets_tests.hcal.registers.described import table

NOW = datetime(2026, 11, 21, 1, 22, 33, tzinfo=UTC)
DEADLINES = Deadlines(connect=1.0, reply=0.5, board=5.0, quiet=0.03, backoff=0.01)
PROTOCOLS = pytest.mark.parametrize("protocol", ["text", "modbus"])


def rack(protocol, boards=("adc00", "adc01"), **options):
    return RegisterRack(table(protocol=protocol), boards, 7, now=lambda: NOW, **options)


def poll(*racks, cycles=1, between=None, deadlines=DEADLINES):
    """Start racks, poll them together, stop them; `between` is awaited after the first cycle."""

    async def run():
        for one in racks:
            await one.start()
        groups = [Group(one.boards, next(iter(one.servers.values())).board.table) for one in racks]
        polled = PolledRegisters(groups, deadlines)
        snapshots = []
        try:
            for number in range(cycles):
                if number == 1 and between is not None:
                    await between()
                snapshots.append(await polled.take(NOW, number, "test", -1))
        finally:
            polled.close()
            for one in racks:
                await one.stop()
        return snapshots

    return asyncio.run(run())


@PROTOCOLS
def test_every_register_that_is_due_is_read(protocol):
    simulated = rack(protocol)
    first, second = poll(simulated, cycles=2)
    for board in first.boards:
        assert board.status == "ok"
        assert board.raw == {name: simulated.board(board.board).raw(name) for name in table().registers}
    assert [list(board.raw) for board in second.boards] == [["status", "temperature", "triggers"]] * 2


def test_boards_of_several_kinds_are_one_snapshot():
    text = rack("text")
    modbus = RegisterRack(table("psu", "modbus"), ["psu00"], 7, now=lambda: NOW)
    [snapshot] = poll(text, modbus)
    assert [(board.board, board.kind, board.status) for board in snapshot.boards] == [
        ("adc00", "adc", "ok"),
        ("adc01", "adc", "ok"),
        ("psu00", "psu", "ok"),
    ]


def test_a_simulated_board_shows_what_its_table_calls_normal():
    [snapshot] = poll(rack("modbus"))
    values = [value for board in snapshot.boards for value in board.values(table())]
    assert {value.ok for value in values} == {True, None}


@PROTOCOLS
def test_only_questions_are_ever_sent(protocol):
    simulated = rack(protocol, ["adc00"])
    poll(simulated, cycles=2)
    asked = {"text": {"RR0000", "RR0010", "RR0020", "RR00FF"}}.get(protocol)
    if asked is None:
        asked = {"0300000001", "0300100001", "0300200002", "0300ff0001"}
    assert set(simulated.board("adc00").asked) == asked


@PROTOCOLS
@pytest.mark.parametrize("fault", ["down", "mute", "garbage", "reset"])
def test_a_faulty_board_costs_only_itself(protocol, fault):
    quick = Deadlines(connect=0.5, reply=0.2, board=5.0, quiet=0.03, backoff=0.01)
    [snapshot] = poll(rack(protocol, faults={"adc01": Faults(**{fault: True})}), deadlines=quick)
    assert [board.status for board in snapshot.boards] == ["ok", "down"]
    assert set(snapshot.boards[1].errors) == set(table().registers)


@PROTOCOLS
def test_a_board_that_was_restarted_is_read_in_the_next_cycle(protocol):
    simulated = rack(protocol, ["adc00"])

    async def restart():
        server = simulated.servers["adc00"]
        await server.stop()
        await server.start()

    assert [one.boards[0].status for one in poll(simulated, cycles=2, between=restart)] == ["ok", "ok"]


def test_a_register_the_board_does_not_have_costs_only_itself():
    simulated = rack("modbus", ["adc00"])
    described = simulated.board("adc00").table
    lacking = described.model_copy(update={"register_": described.register_[:1] + described.register_[2:]})
    simulated.board("adc00").table = lacking

    async def run():
        await simulated.start()
        polled = PolledRegisters([Group(simulated.boards, described)], DEADLINES)
        try:
            return await polled.take(NOW, 1, "test", -1)
        finally:
            polled.close()
            await simulated.stop()

    [board] = asyncio.run(run()).boards
    assert (board.status, list(board.errors)) == ("partial", ["temperature"])
    assert board.errors["temperature"]["error"] == "RegisterRefused"


def test_a_board_that_takes_too_long_is_left_with_what_it_gave():
    slow = Deadlines(connect=1.0, reply=1.0, board=0.5, quiet=0.03, backoff=0.01)
    faults = {"adc00": Faults(latency_ms=200)}
    [snapshot] = poll(rack("modbus", ["adc00"], faults=faults), deadlines=slow)
    assert snapshot.boards[0].status == "partial"
    assert snapshot.boards[0].error["error"] == "BoardDeadline"


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        ([Group([Board("a", "x")], table()), Group([Board("b", "x")], table())], "kind adc"),
        ([Group([Board("a", "x")], table()), Group([Board("a", "y")], table("psu"))], "board a"),
    ],
)
def test_a_kind_or_a_board_in_two_groups_is_refused(groups, says):
    with pytest.raises(ConfigurationError, match=says):
        PolledRegisters(groups, DEADLINES)


def test_the_snapshot_is_a_file_once_the_cycle_is_over(tmp_path):
    async def run():
        simulated = rack("text", ["adc00"])
        await simulated.start()
        try:
            group = Group(simulated.boards, table())
            async with register_polling([group], tmp_path, DEADLINES) as polling:
                taken = await polling.cycle(-1)
                await polling.finish(5.0)
                return taken
        finally:
            await simulated.stop()

    taken = asyncio.run(run())
    [path] = tmp_path.glob("registers_*.snap")
    assert read_snapshot(path).boards == taken.boards
