"""Overload is never silent: `block` waits, `spill` goes to disk, `drop_oldest` counts what it drops."""

import errno
import os
import threading

import pytest

from dsa_hcal_assets.daq.durable_file import DiskFull
from dsa_hcal_assets.daq.streams import segment_writer
from dsa_hcal_assets.daq.streams.errors import StreamFull
from dsa_hcal_assets.daq.streams.files import StreamFiles
from dsa_hcal_assets.daq.streams.opening import StreamConfig, open_reader, open_writer
from dsa_hcal_assets_tests.daq.streams.reading import acknowledge, drained, sequences, values

DROPPING = StreamConfig(policy="drop_oldest", size=8192, segment=4096)


def segments(place, producer="p"):
    return sorted(StreamFiles.of(place, producer).directory.glob("*/*.segment"))


def test_block_refuses_in_time_and_names_the_reader_that_holds_the_stream(place):
    config = StreamConfig(policy="block", size=8192, segment=4096)
    writer = open_writer(place, "p", config, readers=["quick", "stuck"])
    sent = 0
    quick, stuck = open_reader(place, "p", "quick"), open_reader(place, "p", "stuck")
    with pytest.raises(StreamFull, match="reader stuck has acknowledged up to 0"):  # noqa: PT012
        while True:
            sent = writer.send("t", sent, timeout=0.01)
            drained(quick)

    assert drained(stuck) == [(n + 1, n) for n in range(sent)]
    assert writer.send("t", "again", timeout=0) == sent + 1


def test_block_goes_on_as_soon_as_there_is_room(place):
    writer = open_writer(place, "p", StreamConfig(policy="block", size=4096, segment=4096), readers=["r"])
    thread = threading.Thread(target=lambda: [writer.send("t", n, timeout=60) for n in range(500)])
    thread.start()
    reader, got = open_reader(place, "p", "r"), []
    while len(got) < 500:
        messages = reader.receive(7, timeout=60)
        got += values(messages)
        acknowledge(reader, messages)
    thread.join()

    assert got == list(range(500))


def test_drop_oldest_keeps_the_newest_and_counts_the_others_exactly(place):
    writer = open_writer(
        place, "p", StreamConfig(policy="drop_oldest", size=8192, segment=4096), readers=["r"]
    )
    reader = open_reader(place, "p", "r")
    for number in range(1000):
        writer.send("t", number)
    got = drained(reader)

    assert got == [(n + 1, n) for n in range(1000 - len(got), 1000)]
    assert reader.lost == 1000 - len(got)
    reader.close()
    assert open_reader(place, "p", "r").lost == 1000 - len(got)


def test_a_lost_message_is_counted_once_although_its_reader_is_restarted(place):
    writer = open_writer(
        place, "p", StreamConfig(policy="drop_oldest", size=4096, segment=4096), readers=["r"]
    )
    for number in range(200):
        writer.send("t", number)
    reader = open_reader(place, "p", "r")
    first = reader.receive()
    assert reader.lost == first[0].sequence - 1
    reader.close()
    reader = open_reader(place, "p", "r")

    assert sequences(reader.receive()) == sequences(first)
    assert reader.lost == first[0].sequence - 1


def test_spill_loses_nothing_and_uses_memory_again_afterwards(memory_place):
    writer = open_writer(memory_place, "p", StreamConfig(size=4096, segment=8192), readers=["r"])
    for number in range(1000):
        writer.send("t", number, timeout=0)
    assert len(segments(memory_place)) > 5
    reader = open_reader(memory_place, "p", "r")
    assert drained(reader) == [(n + 1, n) for n in range(1000)]

    for number in range(200):
        writer.send("t", number)
        drained(reader)
    assert segments(memory_place) == []


def test_a_reader_restarted_between_two_floods_gets_nothing_twice(memory_place):
    writer = open_writer(memory_place, "p", StreamConfig(size=4096, segment=65536), readers=["r", "slow"])
    for number in range(100):
        writer.send("t", number)
    reader = open_reader(memory_place, "p", "r")
    assert drained(reader) == [(n + 1, n) for n in range(100)]
    reader.close()
    reader = open_reader(memory_place, "p", "r")
    for number in range(100, 200):
        writer.send("t", number)

    assert drained(reader) == [(n + 1, n) for n in range(100, 200)]


def test_the_limit_on_disk_makes_spill_wait(place):
    config = StreamConfig(size=4096, segment=4096, spill_limit=16384)
    writer = open_writer(place, "p", config, readers=["r"])
    sent = 0
    with pytest.raises(StreamFull, match="reader r"):  # noqa: PT012
        while True:
            sent = writer.send("t", sent, timeout=0.01)

    assert drained(open_reader(place, "p", "r")) == [(n + 1, n) for n in range(sent)]
    assert writer.send("t", 0, timeout=0) == sent + 1


def test_without_readers_nothing_is_kept_back(place):
    writer = open_writer(place, "p", StreamConfig(policy="block", size=4096, segment=4096))
    for number in range(1000):
        writer.send("t", number, timeout=0)

    assert writer.last_sequence == 1000


@pytest.mark.parametrize("written_before_the_end", [0, 10, 64, 200])
def test_a_full_disk_is_an_error_of_its_own_and_loses_nothing(place, monkeypatch, written_before_the_end):
    writer = open_writer(place, "p", StreamConfig(size=4096, segment=65536), readers=["r"])
    sent = 0
    while sent < 100:
        sent = writer.send("t", "x" * 200, timeout=0)
    left = [written_before_the_end]
    pwrite = os.pwrite

    def full(descriptor, data, offset):
        if not left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = pwrite(descriptor, data[: left[0]], offset)
        left[0] -= written
        return written

    with monkeypatch.context() as patched:
        patched.setattr(segment_writer.os, "pwrite", full)
        for _ in range(3):
            with pytest.raises(DiskFull):
                writer.send("t", "y" * 200, timeout=0)
    writer.send("t", "z" * 200, timeout=0)
    writer.close()
    writer = open_writer(place, "p", StreamConfig(size=4096, segment=65536))
    writer.send("t", "last")

    reader = open_reader(place, "p", "r")
    assert drained(reader) == [(n + 1, "x" * 200) for n in range(100)] + [(101, "z" * 200), (102, "last")]
    assert reader.lost == 0
