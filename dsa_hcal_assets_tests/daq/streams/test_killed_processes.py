"""kill -9 of either end at any moment: nothing lost that send returned for, nothing swapped or doubled."""

import random

import numpy as np
import pytest

from dsa_hcal_assets.daq.streams.files import memory_directory
from dsa_hcal_assets.daq.streams.interface import Policy
from dsa_hcal_assets.daq.streams.opening import StreamConfig, open_reader, open_writer, register_reader, sweep
from dsa_hcal_assets_tests.daq.streams.processes import SPAWN, consume, produce, started, until

ROUNDS = 6


@pytest.mark.parametrize("policy", [Policy.BLOCK, Policy.SPILL])
def test_producers_and_consumers_killed_at_random_lose_and_double_nothing(place, tmp_path, policy):
    config = StreamConfig(policy=policy, size=65536, segment=32768)
    names = ["one", "two"]
    for name in names:
        register_reader(place, "p", name)
    returned, stored = tmp_path / "returned", [tmp_path / name for name in names]
    stop_at = SPAWN.Value("Q", 0)
    luck = random.Random(policy)
    producer = started(produce, place, config, returned)
    consumers = [started(consume, place, path, stop_at) for path in stored]
    for turn in range(ROUNDS):
        before = size(returned)
        until(lambda before=before: size(returned) > before + 8 * luck.randint(1, 200))
        if turn % 2:
            producer.kill()
            producer.join()
            producer = started(produce, place, config, returned)
        else:
            victim = turn // 2 % 2
            consumers[victim].kill()
            consumers[victim].join()
            consumers[victim] = started(consume, place, stored[victim], stop_at)
    producer.kill()
    producer.join()
    with_writer = open_writer(place, "p", config)
    last = with_writer.last_sequence
    with_writer.close()
    stop_at.value = last
    for consumer in consumers:
        consumer.join(120)
        assert consumer.exitcode == 0

    assert last >= np.fromfile(returned, np.uint64)[-1]
    for path in stored:
        found = np.fromfile(path, np.uint64)
        wrong = np.flatnonzero(found[1:] != found[:-1] + 1)
        assert (found[0], found[-1], len(found), wrong.tolist()) == (1, last, last, [])


def test_nothing_stays_in_shared_memory_after_everybody_was_killed(memory_place, tmp_path):
    config = StreamConfig(policy=Policy.SPILL, size=65536, segment=32768)
    register_reader(memory_place, "p", "r")
    returned = tmp_path / "returned"
    producer = started(produce, memory_place, config, returned)
    until(lambda: size(returned) > 400)
    producer.kill()
    producer.join()
    assert memory_directory(memory_place).exists()

    sweep(memory_place)
    assert not memory_directory(memory_place).exists()
    reader, seen = open_reader(memory_place, "p", "r"), []
    while messages := reader.receive():
        seen += [message.sequence for message in messages]
    assert seen == list(range(1, len(seen) + 1))
    assert seen[-1] >= np.fromfile(returned, np.uint64)[-1]


def test_a_living_producer_keeps_its_ring_when_another_sweeps(memory_place, tmp_path):
    returned = tmp_path / "returned"
    config = StreamConfig(policy=Policy.DROP_OLDEST, size=65536)
    producer = started(produce, memory_place, config, returned)
    until(lambda: size(returned) > 80)

    (swept,) = sweep(memory_place)
    assert (swept.producer, swept.fate) == ("p", "in use")
    before = size(returned)
    until(lambda: size(returned) > before + 80)
    producer.kill()
    producer.join()


def test_drop_oldest_under_a_racing_writer_delivers_only_whole_messages_and_counts_the_rest(
    memory_place, tmp_path
):
    returned = tmp_path / "returned"
    register_reader(memory_place, "p", "r")
    producer = started(produce, memory_place, StreamConfig(policy="drop_oldest", size=16384), returned)
    reader, seen = open_reader(memory_place, "p", "r"), 0
    for _ in range(300):
        for message in reader.receive(16, timeout=60):
            assert set(np.frombuffer(message.payload, np.uint32).tolist()) == {message.sequence}
            seen += 1
            assert reader.lost >= message.sequence - seen
            reader.acknowledge(message.epoch, message.sequence)
            last = message.sequence
    producer.kill()
    producer.join()

    assert seen + reader.lost == last


def size(path):
    return path.stat().st_size if path.exists() else 0
