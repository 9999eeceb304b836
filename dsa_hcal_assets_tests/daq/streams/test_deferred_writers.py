"""Who holds messages back, to write them later, holds what was sent, not what came after it."""

import numpy as np
import pytest

from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets.daq.streams.errors import StreamFull
from dsa_hcal_assets.daq.streams.opening import StreamConfig, open_reader, open_writer, sweep
from dsa_hcal_assets_tests.daq.streams.reading import acknowledge


@pytest.mark.parametrize("policy", ["block", "spill", "drop_oldest"])
def test_views_held_over_many_receives_are_never_overwritten(place, policy):
    config = StreamConfig(policy=policy, size=16384, segment=8192)
    writer = open_writer(place, "p", config, readers=["deferred", "quick"])
    deferred, quick = open_reader(place, "p", "deferred"), open_reader(place, "p", "quick")
    held = []
    for number in range(300):
        try:
            writer.send("t", np.full(50, number), timeout=0)
        except StreamFull:
            break
        held += deferred.receive(1)
        acknowledge(quick, quick.receive())
    written_out = [decode(message) for message in held]

    assert len(held) > 20
    for message, array in zip(held, written_out, strict=True):
        assert set(array.tolist()) == {message.sequence - 1}


def test_an_array_received_lies_in_the_ring_itself(memory_place):
    writer = open_writer(memory_place, "p", StreamConfig(policy="block"), readers=["a", "b"])
    writer.send("t", np.arange(1000.0))
    one, other = (decode(open_reader(memory_place, "p", name).receive()[0]) for name in "ab")

    assert not one.flags.owndata
    assert not one.flags.writeable
    assert np.array_equal(one, other)


def test_a_loan_is_written_where_it_will_be_read(place):
    writer = open_writer(place, "p", StreamConfig(size=65536, segment=65536), readers=["r"])
    with writer.loan("t", 800, attributes={"dtype": "<f8", "shape": [100]}) as view:
        np.frombuffer(view, np.float64)[:] = np.arange(100.0)
    (message,) = open_reader(place, "p", "r").receive()

    assert np.array_equal(decode(message), np.arange(100.0))


def test_a_loan_that_ends_by_an_exception_sends_nothing(place):
    writer = open_writer(place, "p", StreamConfig(size=65536, segment=65536), readers=["r"])
    with pytest.raises(ZeroDivisionError), writer.loan("t", 800):
        1 / 0  # noqa: B018
    writer.send("t", "next")

    assert [decode(message) for message in open_reader(place, "p", "r").receive()] == ["next"]


def test_views_outlive_the_ring_they_came_from(memory_place):
    writer = open_writer(memory_place, "p", StreamConfig(policy="block", size=65536), readers=["r"])
    writer.send("t", b"still here")
    reader = open_reader(memory_place, "p", "r")
    (message,) = reader.receive()
    reader.acknowledge(message.epoch, message.sequence)
    reader.close()
    writer.close()
    sweep(memory_place)

    assert bytes(message.payload) == b"still here"
