from collections.abc import Sequence
from pathlib import Path

import pytest
import zmq

from dsa_hcal_assets.daq.jobs import Input, JobConfig, JobContext, ReadingJob
from dsa_hcal_assets.daq.jobs.inbox import KeptInbox
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets.daq.streams.configuration import StreamConfig, StreamPlace
from dsa_hcal_assets.daq.streams.opening import open_writer, retire_reader
from dsa_hcal_assets.errors import TransientError


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Listener(ReadingJob[JobConfig]):
    """Takes messages, or refuses them as the test says."""

    not_now = ()

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self.taken: list[int] = []
        self.refuse_at: int | None = None

    def accepts(self, producer: str) -> bool:
        return producer not in self.not_now

    def receive_kept(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if decode(message) == self.refuse_at:
                raise TransientError("the disk is full")
            self.taken.append(decode(message))


class Store(Listener):
    acknowledges_on_return = False


@pytest.fixture
def place(tmp_path: Path) -> StreamPlace:
    return StreamPlace(tmp_path, shared_memory=False)


@pytest.fixture
def writer(place: StreamPlace):
    with_reader = open_writer(place, "source", StreamConfig(), ["reader"])
    yield with_reader
    with_reader.close()


def listener(place: StreamPlace, kind: type[Listener] = Listener, topics=("*",)) -> Listener:
    inputs = (Input("source", topics), Input("absent"))
    return kind(JobConfig(type="x", id="reader"), JobContext("here", place, inputs=inputs))


def test_every_message_is_handed_over_once_and_in_order(place, writer):
    for number in range(1000):
        writer.send("a", number)
    job = listener(place)
    inbox = KeptInbox(job)
    while inbox.deliver():
        pass
    assert job.taken == list(range(1000))
    inbox.close()
    later = listener(place)
    KeptInbox(later).deliver()
    assert later.taken == []


def test_only_wanted_topics_are_handed_over(place, writer):
    for number in range(10):
        writer.send("odd.one" if number % 2 else "even.one", number)
    job = listener(place, topics=("odd.*",))
    KeptInbox(job).deliver()
    assert job.taken == [1, 3, 5, 7, 9]


def test_what_was_not_acknowledged_is_handed_over_again_to_the_next_process(place, writer):
    for number in range(6):
        writer.send("a", number)
    store = listener(place, Store)
    inbox = KeptInbox(store)
    inbox.deliver()
    store.acknowledge("source", writer.epoch, 2)
    inbox.close()
    later = listener(place, Store)
    KeptInbox(later).deliver()
    assert later.taken == [2, 3, 4, 5]


def test_messages_that_could_not_be_taken_come_again_after_a_growing_pause(place, writer):
    for number in range(3):
        writer.send("a", number)
    job, clock = listener(place), Clock()
    inbox = KeptInbox(job, clock)
    job.refuse_at = 1
    for moment in (0.0, 0.4, 0.5, 1.4, 1.5):
        clock.now = moment
        inbox.deliver()
    # tried at 0, 0.5 and 1.5 s, each time from the first one not acknowledged
    assert job.taken == [0, 0, 0]
    assert "the disk is full" in inbox.trouble
    job.refuse_at, clock.now = None, 10.0
    inbox.deliver()
    assert job.taken[3:] == [0, 1, 2]
    assert inbox.trouble == ""


def test_of_a_producer_that_is_not_accepted_now_nothing_comes_and_nothing_is_lost(place, writer):
    other = open_writer(place, "absent", StreamConfig(), ["reader"])
    writer.send("a", 7)
    other.send("a", 8)
    job = listener(place)
    inbox = KeptInbox(job)
    job.not_now = ("source",)
    while inbox.deliver():
        pass
    assert job.taken == [8]
    assert inbox.fall_asleep(zmq.Poller()), "what is not accepted now wakes nobody"
    job.not_now = ()
    inbox.deliver()
    assert job.taken == [8, 7]
    other.close()


def test_a_producer_that_is_taken_away_is_left_and_the_others_are_read_on(place, writer):
    other = open_writer(place, "absent", StreamConfig(), ["reader"])
    job = listener(place)
    inbox = KeptInbox(job)
    writer.send("a", 1)
    inbox.deliver()
    retire_reader(place, "source", "reader")
    writer.send("a", 2)
    other.send("a", 3)
    while inbox.deliver():
        pass
    assert job.taken == [1, 3]
    assert inbox.producers == ["absent"]
    other.close()


def test_what_the_policy_let_go_is_counted_as_lost(place):
    config = StreamConfig(policy="drop_oldest", size=8192, segment=4096)
    writer = open_writer(place, "source", config, ["reader"])
    for number in range(200):
        writer.send("a", number)
    job = listener(place)
    inbox = KeptInbox(job)
    while inbox.deliver():
        pass
    lost = job.metrics.record().lost["source"]
    assert lost > 0
    assert job.taken == list(range(lost, 200))
    writer.close()
