import threading
from pathlib import Path

import pytest

from dsa_hcal_assets.daq.broker.endpoints import ipc_endpoints
from dsa_hcal_assets.daq.broker.proxy import run_broker
from dsa_hcal_assets.daq.broker.receiver import LiveReceiver
from dsa_hcal_assets.daq.jobs import Job, JobConfig, JobContext, JobStopping
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets.daq.statistics.counters import Direction
from dsa_hcal_assets.daq.streams.configuration import StreamConfig, StreamPlace
from dsa_hcal_assets.daq.streams.opening import open_reader

BLOCK = StreamConfig(policy="block", size=4096)


def job(tmp_path: Path, readers: tuple[str, ...] = (), endpoints=None, **keys) -> Job[JobConfig]:
    place = StreamPlace(tmp_path, shared_memory=False)
    return Job(
        JobConfig(type="x", id="sender", **keys), JobContext("here", place, endpoints, readers=readers)
    )


def test_what_send_returned_for_is_there_for_a_reader_that_comes_later(tmp_path: Path):
    sender = job(tmp_path, readers=("store",))
    assert [sender.send("a", {"x": 1}), sender.send("b", b"raw", unit="V")] == [1, 2]
    sender.close()
    reader = open_reader(sender.context.place, "sender", "store")
    first, second = reader.receive()
    assert decode(first) == {"x": 1}
    assert (bytes(second.payload), second.topic, second.attributes["unit"]) == (b"raw", "b", "V")
    reader.close()


def test_a_job_counts_what_it_sends(tmp_path: Path):
    sender = job(tmp_path)
    for _ in range(3):
        sender.send("a", bytes(100))
    sender.close()
    total = sender.metrics.record().counters.total(Direction.OUT)
    assert (total.messages, total.bytes) == (3, 300)


def test_a_send_that_waits_for_room_shows_life_and_goes_on_when_there_is_some(tmp_path: Path):
    sender = job(tmp_path, readers=("slow",), stream=BLOCK)
    reader = open_reader(sender.context.place, "sender", "slow")
    said: list[str] = []

    def make_room(doing: str) -> None:
        said.append(doing)
        for message in reader.receive():
            reader.acknowledge(message.epoch, message.sequence)

    sender.attach(make_room)
    sent = [sender.send("a", bytes(1000)) for _ in range(20)]
    assert sent == list(range(1, 21))
    assert said
    assert all("blocked" in one for one in said)
    sender.close()
    reader.close()


def test_a_send_that_waits_for_room_ends_when_the_job_is_to_end_and_sends_nothing(tmp_path: Path):
    sender = job(tmp_path, readers=("slow",), stream=BLOCK)
    accepted = 0

    def fill() -> None:
        nonlocal accepted
        while True:
            accepted = sender.send("a", bytes(1000))

    sender.attach(lambda doing: sender.stopping.set())
    with pytest.raises(JobStopping, match="waits for room"):
        fill()
    sender.close()
    reader = open_reader(sender.context.place, "sender", "slow")
    assert [message.sequence for message in reader.receive()] == list(range(1, accepted + 1))
    reader.close()


def test_small_kept_messages_are_published_too_and_large_ones_announced_only(tmp_path: Path):
    endpoints = ipc_endpoints(tmp_path)
    stop = threading.Event()
    broker = threading.Thread(target=run_broker, args=(endpoints,), kwargs={"stop": stop, "period": 0.05})
    broker.start()
    receiver = LiveReceiver(endpoints)
    receiver.subscribe("*")
    receiver.watch("sender")
    sender = job(tmp_path, endpoints=endpoints, live_copy=10)
    # subscriptions take their time to arrive: the first message that comes through tells
    while receiver.receive(0.05) is None:
        sender.publish("warm.up", 1)
    sender.send("large", bytes(11))
    sender.send("small", bytes(10))
    sender.publish("last", 1)
    came = []
    while not came or came[-1] != "last":
        found = receiver.receive(5)
        assert found is not None
        if isinstance(found, Message):
            came.append(found.topic)
        else:
            came.append(f"notice {found.sequence}")
    assert [one for one in came if one not in ("warm.up", "broker.traffic")] == [
        "notice 1",
        "notice 2",
        "small",
        "last",
    ]
    sender.close()
    receiver.close()
    stop.set()
    broker.join()


def test_without_a_broker_live_messages_are_counted_as_dropped_and_kept_ones_flow(tmp_path: Path):
    sender = job(tmp_path)
    sender.publish("a", 1)
    sender.send("b", 1)
    counters = sender.metrics.record().counters
    assert (counters.dropped, counters.total(Direction.OUT).messages) == (1, 1)
    sender.close()
