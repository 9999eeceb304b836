"""Whatever its writer and readers do, a stream behaves as a list of which each reader has an index."""

import gc
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, multiple, rule

from dsa_hcal_assets.daq.streams.errors import StreamFull
from dsa_hcal_assets.daq.streams.files import memory_directory
from dsa_hcal_assets.daq.streams.interface import Policy, StreamReader
from dsa_hcal_assets.daq.streams.opening import (
    StreamConfig,
    StreamPlace,
    open_reader,
    open_writer,
    retire_reader,
    sweep,
)

PRODUCER = "any/job Ω"


@dataclass
class Follower:
    """A reader, where it must go on, and the messages it holds."""

    name: str
    reader: StreamReader
    done: int | None
    """Messages acknowledged; None while a late reader has acknowledged nothing."""
    received: int | None
    at_most: int
    """Where a late reader begins, or before."""
    held: list = field(default_factory=list)

    @property
    def needs(self):
        return self.at_most if self.done is None else self.done


class StreamAgainstList(RuleBasedStateMachine):
    policy = Policy.SPILL
    shared_memory = True
    followers = Bundle("followers")

    @initialize(target=followers, count=st.integers(0, 2))
    def begin(self, count):
        self.directory = Path(tempfile.mkdtemp())
        self.place = StreamPlace(self.directory / "run", shared_memory=self.shared_memory)
        self.config = StreamConfig(policy=self.policy, size=4096, segment=4096)
        self.sent, self.places = [], {}
        self.names = 0
        self.live = []
        self.writer = open_writer(self.place, PRODUCER, self.config, readers=[f"r{n}" for n in range(count)])
        return multiple(*[self._follower(0) for _ in range(count)])

    def _follower(self, done):
        name = f"r{self.names}"
        self.names += 1
        needed = min((follower.needs for follower in self.live), default=len(self.sent))
        follower = Follower(name, open_reader(self.place, PRODUCER, name), done, done, needed)
        self.live.append(follower)
        return follower

    @rule(length=st.integers(0, 1500), fill=st.integers(0, 255))
    def send(self, length, fill):
        self._send(bytes([fill]) * length)

    @rule(lengths=st.lists(st.integers(0, 300), max_size=20))
    def send_many(self, lengths):
        for number, length in enumerate(lengths):
            self._send(bytes([number]) * length)

    def _send(self, value):
        try:
            self.writer.send("t", value, timeout=0)
        except StreamFull:
            assert self.policy is Policy.BLOCK
            assert any(follower.done is None or follower.done < len(self.sent) for follower in self.live)
        else:
            self._remember(value)

    def _remember(self, value):
        self.places[self.writer.epoch, self.writer.last_sequence] = len(self.sent)
        self.sent.append(value)

    @rule(length=st.integers(0, 1500))
    def lend(self, length):
        value = b"L" * length
        try:
            with self.writer.loan("t", length, timeout=0) as place:
                place[:] = value
        except StreamFull:
            assert self.policy is Policy.BLOCK
        else:
            self._remember(value)

    @rule(length=st.integers(0, 1500))
    def lend_and_think_better_of_it(self, length):
        with suppress(ZeroDivisionError, StreamFull), self.writer.loan("t", length, timeout=0) as place:
            place[:] = b"?" * length
            raise ZeroDivisionError

    @rule(follower=followers, limit=st.integers(1, 12))
    def receive(self, follower, limit):
        if follower in self.live:
            self._receive(follower, limit)

    def _receive(self, follower, limit, timeout=0.0):
        late, lost = follower.received is None, follower.reader.lost
        messages = follower.reader.receive(limit, timeout)
        for message in messages:
            index = self.places[message.epoch, message.sequence]
            if follower.received is None:
                assert self.policy is Policy.DROP_OLDEST or index <= follower.at_most
                follower.received = index
            missed = index - follower.received
            assert missed == 0 or (missed > 0 and self.policy is Policy.DROP_OLDEST)
            assert bytes(message.payload) == self.sent[index]
            lost += missed
            follower.received = index + 1
            follower.held.append((index, message))
        # what a late reader missed before its first message, only the stream knows
        assert follower.reader.lost == lost or late
        return messages

    @rule(follower=followers, count=st.integers(1, 12))
    def acknowledge(self, follower, count):
        if follower not in self.live or not follower.held:
            return
        # a deferred writer: what it holds has not changed meanwhile
        for index, message in follower.held:
            assert bytes(message.payload) == self.sent[index]
        index, message = follower.held[:count][-1]
        del follower.held[:count]
        follower.done = index + 1
        follower.reader.acknowledge(message.epoch, message.sequence)

    @rule(follower=followers)
    def restart_reader(self, follower):
        if follower not in self.live:
            return
        follower.held.clear()
        follower.reader.close()
        follower.reader = open_reader(self.place, PRODUCER, follower.name)
        follower.received = follower.done

    @rule()
    def restart_writer(self):
        before = self.writer.epoch, self.writer.last_sequence
        self.writer.close()
        self.writer = open_writer(self.place, PRODUCER, self.config)
        assert (self.writer.epoch, self.writer.last_sequence) == before

    @rule()
    def sweep_and_begin_anew(self):
        self.writer.close()
        sweep(self.place)
        assert not memory_directory(self.place).exists()
        self.writer = open_writer(self.place, PRODUCER, self.config)

    @rule(target=followers)
    def add_reader(self):
        return self._follower(None)

    @rule(follower=consumes(followers))
    def retire(self, follower):
        if follower in self.live:
            follower.held.clear()
            follower.reader.close()
            retire_reader(self.place, PRODUCER, follower.name)
            self.live.remove(follower)

    def teardown(self):
        if not hasattr(self, "writer"):
            return
        try:
            for follower in self.live:
                self.read_to_the_end(follower)
        finally:
            self.writer.close()
            for follower in self.live:
                follower.held.clear()
                follower.reader.close()
            gc.collect()
            shutil.rmtree(memory_directory(self.place), ignore_errors=True)
            shutil.rmtree(self.directory)

    def read_to_the_end(self, follower):
        late = follower.received is None
        while follower.received != len(self.sent) and self._receive(follower, 5, timeout=0 if late else 5):
            self.acknowledge(follower, 5)
            late = False

        assert late or follower.received == len(self.sent)


def machine(policy, shared_memory):
    attributes = {"policy": policy, "shared_memory": shared_memory}
    case = type("Machine", (StreamAgainstList,), attributes).TestCase
    case.settings = settings(max_examples=6, stateful_step_count=40, deadline=None)
    return case


TestBlockInMemory = machine(Policy.BLOCK, True)
TestBlockOnDisk = machine(Policy.BLOCK, False)
TestSpillInMemory = machine(Policy.SPILL, True)
TestSpillOnDisk = machine(Policy.SPILL, False)
TestDropOldestInMemory = machine(Policy.DROP_OLDEST, True)
TestDropOldestOnDisk = machine(Policy.DROP_OLDEST, False)
