"""Whatever a writer and its readers do at the same time, each reader gets every message once, in order."""

import random
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from itertools import count

import pytest

from dsa_hcal_assets.daq.streams.errors import MessageTooLarge, StreamFull
from dsa_hcal_assets.daq.streams.interface import Policy
from dsa_hcal_assets.daq.streams.opening import StreamConfig, open_reader, open_writer
from dsa_hcal_assets_tests.daq.streams.interleaving import before_line, between_lines
from dsa_hcal_assets_tests.daq.streams.reading import acknowledge, drained, sequences

NAMES = ("a", "b", "c")
LENGTHS = (10, 900, 2900, 2900, 5000, 20_000)
"""Bytes of a message; the longest is longer than the ring and a segment."""


@pytest.mark.parametrize("policy", Policy)
def test_a_reader_may_look_at_any_moment_of_the_first_send(place, policy):
    for line in count():
        with opened(place, policy, f"p{line}", ["r"]) as (writer, (reader,)):
            early = []
            more = before_line(line, partial(sent, writer), lambda: early.extend(reader.receive()))  # noqa: B023
            sent(writer)

            assert sequences([*early, *reader.receive()]) == [1, 2], f"looked before line {line}"
            early.clear()
        if not more:
            break


@pytest.mark.parametrize("policy", [Policy.BLOCK, Policy.SPILL])
def test_a_reader_may_catch_up_at_any_moment_in_which_the_writer_looks_for_room(place, policy):
    for line in count():
        with opened(place, policy, f"p{line}", ["quick", "slow"]) as (writer, (quick, slow)):
            while sent(writer, 2900):
                pass
            for reader in (quick, slow):
                acknowledge(reader, reader.receive(1))
            more = before_line(line, partial(sent, writer, 2900), partial(drained, quick))
            sent(writer, 2900)

            assert numbers(drained(slow)) == list(range(2, writer.last_sequence + 1)), f"before line {line}"
        if not more:
            break


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("seed", range(1, 4))
@pytest.mark.parametrize("divided", ["writer", "reader"])
def test_ends_that_act_between_each_other_s_lines_lose_and_double_nothing(place, policy, seed, divided):
    with opened(place, policy, "p") as (writer, readers):
        ends_act(random.Random(seed), policy, divided, writer, dict(zip(NAMES, readers, strict=True)))


def ends_act(luck, policy, divided, writer, readers):
    pace = luck.choice([0.02, 0.1, 0.5])
    seen = {name: [] for name in NAMES}

    def send():
        sent(writer, luck.choice(LENGTHS))

    def look(name):
        messages = readers[name].receive(luck.randint(1, 4))
        seen[name] += sequences(messages)
        if messages and luck.random() < 0.7:
            acknowledge(readers[name], messages)

    def others_act():
        if luck.random() < pace:
            if divided == "reader":
                send()
            look(luck.choice(NAMES if divided == "writer" else NAMES[1:]))

    for _ in range(20):
        between_lines(send if divided == "writer" else partial(look, "a"), others_act)
        send()
    for name, reader in readers.items():
        found = seen[name] + numbers(drained(reader))
        assert found == sorted(set(found))
        assert (found[-1], len(found) + reader.lost) == (writer.last_sequence, writer.last_sequence)
        assert reader.lost == 0 or policy is Policy.DROP_OLDEST


@contextmanager
def opened(place, policy, producer, names=NAMES):
    """A small stream's writer and readers; registered in its epoch, they acknowledge without a lock."""
    config = StreamConfig(policy=policy, size=16384, segment=4096, spill_limit=32768)
    with closing(open_writer(place, producer, config)) as writer, ExitStack() as stack:
        yield writer, [stack.enter_context(closing(open_reader(place, producer, name))) for name in names]


def sent(writer, length=10):
    """Whether there was room for another message."""
    with suppress(StreamFull, MessageTooLarge):
        return bool(writer.send("t", bytes(length), timeout=0))


def numbers(messages):
    return [sequence for sequence, _ in messages]
