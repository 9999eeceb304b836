"""Frames lie whole in the ring wherever they begin, and large ones need no luck."""

import pytest

from dsa_hcal_assets.daq.streams.errors import MessageTooLarge, StreamFull
from dsa_hcal_assets.daq.streams.opening import StreamConfig, open_reader, open_writer
from dsa_hcal_assets_tests.daq.streams.reading import acknowledge, drained, values

RING = 4096
HEADER = 128


@pytest.mark.parametrize("policy", ["block", "spill", "drop_oldest"])
def test_frames_of_every_size_come_whole_from_every_offset_of_the_ring(memory_place, policy):
    for offset in range(2 * HEADER, RING - 1024, 64):
        producer = f"at {offset:04d}"
        writer = open_writer(memory_place, producer, StreamConfig(policy=policy, size=RING), readers=["r"])
        reader = open_reader(memory_place, producer, "r")
        writer.send("t", bytes(offset - 2 * HEADER))
        writer.send("t", b"")
        held = reader.receive()
        for length in (0, 1, 63, 64, 65, 700, 500, 600, 800, 3, 800):
            # one message held: the ring must not begin again at its start
            acknowledge(reader, held[:-1])
            writer.send("t", bytes([length % 251]) * length, timeout=0)
            held = [held[-1], *reader.receive()]
            assert bytes(held[-1].payload) == bytes([length % 251]) * length
        assert (reader.lost, held[-1].sequence) == (0, 13)


@pytest.mark.parametrize("policy", ["block", "spill"])
def test_a_full_ring_does_not_wrap_onto_what_has_not_been_read(memory_place, policy):
    writer = open_writer(memory_place, "p", StreamConfig(policy=policy, size=RING), readers=["r"])
    reader = open_reader(memory_place, "p", "r")
    seen = []

    def read_one():
        (message,) = reader.receive(1)
        seen.append(bytes(message.payload))
        reader.acknowledge(message.epoch, message.sequence)

    sent = [bytes([number % 251]) * (37 * number % 700) for number in range(400)]
    for number, payload in enumerate(sent):
        # as full as it can be, at every offset; under spill a little less, or all would go to disk
        if policy == "spill" and number > 8:
            read_one()
        while True:
            try:
                writer.send("t", payload, timeout=0)
                break
            except StreamFull:
                read_one()
    while len(seen) < len(sent):
        read_one()
    assert seen == sent
    assert reader.lost == 0


@pytest.mark.parametrize("policy", ["block", "spill", "drop_oldest"])
def test_a_message_as_large_as_the_ring_fits(memory_place, policy):
    writer = open_writer(memory_place, "p", StreamConfig(policy=policy, size=RING), readers=["r"])
    reader = open_reader(memory_place, "p", "r")
    for number in range(3):
        writer.send("t", bytes([number]) * 100, timeout=0)
        drained(reader)
        writer.send("t", bytes([number]) * (RING - HEADER), timeout=0)
        assert [bytes(value) for value in values(reader.receive())] == [bytes([number]) * (RING - HEADER)]
        reader.acknowledge(writer.epoch, writer.last_sequence)


@pytest.mark.parametrize("policy", ["block", "drop_oldest"])
def test_a_message_above_the_ring_size_is_refused_and_the_stream_goes_on(place, policy):
    writer = open_writer(place, "p", StreamConfig(policy=policy, size=RING), readers=["r"])
    with pytest.raises(MessageTooLarge, match="at most 4096 bytes"):
        writer.send("t", bytes(RING))
    writer.send("t", "small")

    assert drained(open_reader(place, "p", "r")) == [(1, "small")]


def test_under_spill_a_message_above_the_ring_size_goes_to_disk(memory_place):
    writer = open_writer(memory_place, "p", StreamConfig(policy="spill", size=RING), readers=["r"])
    writer.send("t", "before")
    writer.send("t", "x" * 100_000)
    writer.send("t", "after")

    assert drained(open_reader(memory_place, "p", "r")) == [(1, "before"), (2, "x" * 100_000), (3, "after")]


def test_under_spill_a_message_above_the_limit_on_disk_is_refused(memory_place):
    config = StreamConfig(policy="spill", size=RING, spill_limit=8192)
    with pytest.raises(MessageTooLarge, match="at most 8192 bytes"):
        open_writer(memory_place, "p", config).send("t", bytes(8192))
