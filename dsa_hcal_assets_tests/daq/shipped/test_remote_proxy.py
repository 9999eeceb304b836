"""What another supervisor's jobs publish is heard here, under their names and with their numbers."""

import pytest

from dsa_hcal_assets.daq.broker.endpoints import ipc_endpoints
from dsa_hcal_assets.daq.broker.receiver import LiveReceiver
from dsa_hcal_assets.daq.broker.sender import LiveSender
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets.daq.shipped.remote_proxy import RemoteProxy
from dsa_hcal_assets_tests.daq.broker.conftest import BrokerProcess, until


@pytest.fixture
def brokers(tmp_path):
    places = [tmp_path / name for name in ("here", "there")]
    for place in places:
        place.mkdir()
    brokers = [BrokerProcess(ipc_endpoints(place)) for place in places]
    yield [broker.endpoints for broker in brokers]
    for broker in brokers:
        broker.kill()


@pytest.fixture
def proxy(make_job, brokers):
    here, there = brokers
    job = make_job(
        RemoteProxy, endpoints=here, remote="dome", address=there.subscribe, topics=["temperature.*"]
    )
    job.setup()
    return job


@pytest.fixture
def listener(brokers):
    receiver = LiveReceiver(brokers[0])
    receiver.subscribe("temperature.*")
    yield receiver
    receiver.close()


@pytest.fixture
def sender(brokers):
    senders = []

    def sender(producer):
        senders.append(LiveSender(brokers[1], producer))
        return senders[-1]

    yield sender
    for one in senders:
        one.close()


def heard(proxy, listener, sender, topic="temperature.roof"):
    """Publish there until something is heard here, and return it."""
    found = []

    def once():
        sender.publish(topic, {"celsius": 4.5})
        proxy.step()
        message = listener.receive(0.02)
        if isinstance(message, Message):
            found.append(message)
        return found

    until(once)
    return found[0]


def test_a_message_is_heard_here_as_its_producers_at_the_other_place(proxy, listener, sender):
    message = heard(proxy, listener, sender("pump"))

    assert (message.topic, message.producer, decode(message)) == (
        "temperature.roof", "pump@dome", {"celsius": 4.5},
    )  # fmt: skip
    moved = proxy.metrics.record().counters
    assert {route.route.direction for route in moved.routes} == {"in", "out"}


def test_what_is_missing_on_the_way_is_counted_by_who_listens(proxy, listener, sender):
    pump = sender("pump")
    arrived = [heard(proxy, listener, pump).sequence]
    for _ in range(5):
        pump.publish("temperature.roof", "let fall")
    fallen = []

    def five_fell_out_between_the_brokers():
        message = proxy._receiver.receive(0.1)
        fallen.extend([message] if message and decode(message) == "let fall" else [])
        return len(fallen) == 5

    def the_hole_was_noticed():
        arrived.append(heard(proxy, listener, pump).sequence)
        return listener.gaps["pump@dome"]

    until(five_fell_out_between_the_brokers)
    until(the_hole_was_noticed)

    missing = set(range(arrived[0], arrived[-1])) - set(arrived)
    assert {message.sequence for message in fallen} <= missing
    assert listener.gaps == {"pump@dome": len(missing)}


def test_what_came_over_a_link_is_not_passed_on_again(proxy, listener, sender):
    far, near = sender("pump@cellar"), sender("pump")
    heard(proxy, listener, near)
    for _ in range(20):
        far.publish("temperature.cellar", 1)
    near.publish("temperature.end", 1)
    topics = []

    def until_the_end():
        proxy.step()
        message = listener.receive(0.02)
        if isinstance(message, Message):
            topics.append(message.topic)
        return "temperature.end" in topics

    until(until_the_end)
    assert "temperature.cellar" not in topics
