"""Simulated registers follow their table, a seed and the time."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.hcal.registers.table import Register, RegisterTable
from dsa_hcal_assets.simulation.boards.commands import Command
from dsa_hcal_assets.simulation.registers.board import SimulatedRegisters
from dsa_hcal_assets.simulation.registers.cutter import LineCutter
from dsa_hcal_assets_tests.hcal.registers.described import table

T0 = datetime(2026, 3, 1, tzinfo=UTC)
limits = st.lists(st.integers(-100, 100), min_size=2, max_size=2, unique=True).map(sorted)


@given(limits, st.integers(0, 1000), st.integers(0, 100))
def test_values_stay_within_the_limits_and_move(limits, seed, hours):
    register = Register(
        name="r",
        description="R",
        address=0,
        width=16,
        signed=True,
        scale=0.01,
        valid=[float(x) for x in limits],
    )
    board = SimulatedRegisters("a", RegisterTable(kind="k", protocol="text", register=[register]), seed)
    value = register.value(board.raw("r", T0 + timedelta(hours=hours)))
    assert limits[0] <= value <= limits[1]
    assert len({board.raw("r", T0 + timedelta(hours=hour)) for hour in (0, 6, 12)}) > 1


def test_the_same_seed_gives_the_same_board_and_another_another():
    boards = [SimulatedRegisters("a", table(), seed) for seed in (1, 1, 2)]
    first, again, other = ([board.raw(name, T0) for name in table().registers] for board in boards)
    assert first == again != other


def test_fields_show_what_is_expected_and_a_register_can_be_forced():
    board = SimulatedRegisters("a", table(), 1)
    assert board.raw("status") & 1 == 1
    board.forced["status"] = 0
    assert board.execute(Command("RR0000", -1)).lines == ("0x0",)


def test_what_asks_for_no_register_has_no_output():
    board = SimulatedRegisters("a", table(), 1)
    assert [board.execute(Command(text, -1)) for text in ("RR0001", "RW00000001", "T0")] == [None] * 3


@given(st.lists(st.sampled_from([b"$RR0000", b"\n\r", b"\r\n", b"$T0"]), max_size=8), st.integers(1, 5))
def test_lines_are_commands_however_they_are_cut(pieces, size):
    data = b"\n".join(pieces) + b"\n"
    cutter = LineCutter()
    found = [
        one.text for start in range(0, len(data), size) for one in cutter.feed(data[start : start + size])
    ]
    assert found == [piece.decode().removeprefix("$") for piece in pieces if piece.strip()]
