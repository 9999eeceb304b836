"""The simulated board triggers by its clock, loses what it cannot hold, and says so."""

import numpy as np
import pytest

from dsa_hcal_assets.daq.shipped.digitizer_driver import make_driver
from dsa_hcal_assets.daq.shipped.simulated_digitizer import SimulatedDigitizer
from dsa_hcal_assets.errors import ConfigurationError


@pytest.fixture
def board(clock):
    return SimulatedDigitizer(channels=2, samples=64, rate_hz=10, memory_blocks=4, clock=clock)


def test_a_block_is_written_into_the_buffer_it_is_given(board):
    form = board.open()
    buffer = bytearray(form.length)
    block = board.wait(0)
    board.read_into(memoryview(buffer))

    read = np.frombuffer(buffer, form.dtype).reshape(form.shape)
    assert block.number == 0
    np.testing.assert_array_equal(read, board.block(0))
    assert not np.array_equal(read, board.block(1))


def test_blocks_come_at_the_rate_and_not_before(board, clock):
    form = board.open()
    seen = []
    began = clock.now
    for after in (0.0, 0.05, 0.11, 0.31):
        clock.now = began + after
        while (block := board.wait(0)) is not None:
            board.read_into(memoryview(bytearray(form.length)))
            seen.append((after, block.number))

    assert seen == [(0.0, 0), (0.11, 1), (0.31, 2), (0.31, 3)]


def test_what_the_board_cannot_hold_is_lost_and_counted(board, clock):
    board.open()
    clock.now += 0.95  # ten triggers, room for four

    block = board.wait(0)

    assert (block.number, block.overflows) == (6, 6)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("no_such_package:Driver", {}),
        ("dsa_hcal_assets.daq.shipped.simulated_digitizer:Missing", {}),
        ("dsa_hcal_assets.daq.shipped.simulated_digitizer:SimulatedDigitizer", {"volts": 3}),
        ("nonsense", {}),
        ("", {}),
    ],
)
def test_a_driver_that_cannot_be_made_is_named(name, options):
    with pytest.raises(ConfigurationError, match="digitizer driver"):
        make_driver(name, options)
