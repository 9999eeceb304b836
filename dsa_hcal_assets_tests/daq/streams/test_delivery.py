"""Every reader gets every message once and in order, however often either end comes and goes."""

import select

import pytest

from dsa_hcal_assets.daq.one_writer import SecondWriter
from dsa_hcal_assets.daq.streams.errors import ReaderRetired, SecondReader, StreamMisused
from dsa_hcal_assets.daq.streams.opening import (
    StreamConfig,
    open_reader,
    open_writer,
    register_reader,
    retire_reader,
)
from dsa_hcal_assets_tests.daq.streams.reading import acknowledge, drained, sequences, values

SMALL = StreamConfig(size=4096, segment=4096)


def test_four_readers_each_get_everything_in_order(place):
    names = ["csv", "sql", "hdf5", "live"]
    writer = open_writer(place, "p", SMALL, readers=names)
    readers = [open_reader(place, "p", name) for name in names]
    for number in range(200):
        writer.send("t", {"n": number})
        drained(readers[number % 3])

    assert drained(readers[3]) == [(n + 1, {"n": n}) for n in range(200)]
    assert [reader.lost for reader in readers] == [0, 0, 0, 0]


def test_what_was_not_acknowledged_comes_again_after_a_restart_of_the_reader(place):
    writer = open_writer(place, "p", SMALL, readers=["r"])
    for number in range(10):
        writer.send("t", number)
    reader = open_reader(place, "p", "r")
    messages = reader.receive(limit=8)
    reader.acknowledge(messages[2].epoch, messages[2].sequence)
    reader.close()

    assert values(open_reader(place, "p", "r").receive()) == list(range(3, 10))


def test_a_restarted_writer_keeps_the_epoch_and_goes_on_with_the_sequence(place):
    writer = open_writer(place, "p", SMALL, readers=["r"])
    writer.send("t", "before")
    epoch = writer.epoch
    writer.close()
    writer = open_writer(place, "p", SMALL)

    assert (writer.epoch, writer.send("t", "after")) == (epoch, 2)
    assert drained(open_reader(place, "p", "r")) == [(1, "before"), (2, "after")]


def test_a_reader_that_is_there_before_its_stream_waits_for_it(place):
    reader = open_reader(place, "p", "r")
    assert reader.receive(timeout=0.001) == []

    open_writer(place, "p", SMALL).send("t", 1)
    assert values(reader.receive(timeout=10)) == [1]


def test_a_registered_reader_misses_nothing_although_it_comes_late(place):
    register_reader(place, "p", "r")
    writer = open_writer(place, "p", SMALL)
    for number in range(300):
        writer.send("t", number)

    assert drained(open_reader(place, "p", "r")) == [(n + 1, n) for n in range(300)]


def test_a_late_reader_begins_with_the_oldest_message_that_is_kept(place):
    writer = open_writer(place, "p", SMALL, readers=["slow"])
    for number in range(300):
        writer.send("t", number)
    slow = open_reader(place, "p", "slow")
    acknowledge(slow, slow.receive(limit=100))

    late = drained(open_reader(place, "p", "late"))
    assert late[0][0] <= 101
    assert late == [(n + 1, n) for n in range(late[0][0] - 1, 300)]


def test_with_a_new_size_a_new_epoch_begins_and_the_old_one_is_read_first(place):
    writer = open_writer(place, "p", SMALL, readers=["r"])
    writer.send("t", "old")
    writer.close()
    other = StreamConfig(size=8192, segment=4096, policy="block")
    reader = open_reader(place, "p", "r")
    writer = open_writer(place, "p", other)
    writer.send("t", "new")

    got = reader.receive(limit=1) + reader.receive(limit=1, timeout=10)
    assert values(got) == ["old", "new"]
    assert got[0].epoch < got[1].epoch or not place.shared_memory
    assert reader.lost == 0


def test_messages_of_other_topics_are_acknowledged_in_their_turn(place):
    writer = open_writer(place, "p", SMALL, readers=["r"])
    reader = open_reader(place, "p", "r", topics=["store.*", "alarm"])
    for topic in ["stats.p", "store.csv", "stats.p", "alarm", "stats.p"]:
        writer.send(topic, topic)
    messages = reader.receive()
    assert values(messages) == ["store.csv", "alarm"]
    reader.acknowledge(messages[0].epoch, messages[0].sequence)
    reader.close()

    again = open_reader(place, "p", "r", topics=["*"])
    assert values(again.receive()) == ["alarm", "stats.p"]


def test_what_nobody_wants_holds_nothing_back(place):
    writer = open_writer(place, "p", StreamConfig(policy="block", size=4096, segment=4096), readers=["r"])
    reader = open_reader(place, "p", "r", topics=["nothing"])
    for number in range(500):
        writer.send("t", number, timeout=0)
        reader.receive()

    assert reader.behind == 0


def test_a_retired_reader_holds_nothing_back_and_is_told(place):
    config = StreamConfig(policy="block", size=4096, segment=4096)
    writer = open_writer(place, "p", config, readers=["gone"])
    reader = open_reader(place, "p", "gone")
    for number in range(10):
        writer.send("t", number)
    retire_reader(place, "p", "gone")

    for number in range(500):
        writer.send("t", number, timeout=0)
    with pytest.raises(ReaderRetired, match="gone"):
        reader.receive()


def test_two_processes_never_write_or_read_as_one(place):
    writer = open_writer(place, "p", SMALL)
    reader = open_reader(place, "p", "r")
    with pytest.raises(SecondWriter, match="p"):
        open_writer(place, "p", SMALL)
    with pytest.raises(SecondReader, match="r"):
        open_reader(place, "p", "r")

    writer.close()
    reader.close()
    open_writer(place, "p", SMALL).send("t", 1)
    assert sequences(open_reader(place, "p", "r").receive()) == [1]


def test_a_closed_writer_sends_nothing(place):
    writer = open_writer(place, "p", SMALL)
    writer.close()

    with pytest.raises(StreamMisused, match="closed"):
        writer.send("t", 1)


def test_a_sleeping_reader_is_seen_by_its_writer(place):
    writer = open_writer(place, "p", SMALL, readers=["r"])
    reader = open_reader(place, "p", "r")
    seen = []
    reader.waiting = True
    seen.append(writer.readers_waiting())
    reader.waiting = False
    seen.append(writer.readers_waiting())

    assert seen == [True, False]


def test_a_closed_reader_is_not_read(place):
    reader = open_reader(place, "p", "r")
    reader.close()

    with pytest.raises(StreamMisused, match="closed"):
        reader.receive()


def test_a_reader_that_sleeps_is_woken_by_a_message(place):
    writer = open_writer(place, "p", SMALL, readers=["r"])
    reader = open_reader(place, "p", "r")
    reader.waiting = True
    assert select.select([reader.fileno()], [], [], 0)[0] == []

    writer.send("t", 1)
    assert select.select([reader.fileno()], [], [], 0)[0] == [reader.fileno()]
    assert values(reader.receive(timeout=1)) == [1]


def test_poll_says_whether_there_is_anything_new(place):
    writer = open_writer(place, "p", SMALL, readers=["r"])
    reader = open_reader(place, "p", "r")
    assert not reader.poll()
    writer.send("t", 1)

    assert reader.poll()
    assert reader.behind == 1
    reader.receive()
    assert not reader.poll()
