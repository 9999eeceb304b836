"""The broker's process: it may die and come back, and says clearly why it cannot start."""

import socket
import threading
from pathlib import Path

import pytest

from dsa_hcal_assets.daq.broker.endpoints import (
    EndpointInUse,
    EndpointInvalid,
    Endpoints,
    ipc_endpoints,
    tcp_endpoints,
)
from dsa_hcal_assets.daq.broker.proxy import TRAFFIC_TOPIC, run_broker
from dsa_hcal_assets.daq.broker.receiver import LiveReceiver
from dsa_hcal_assets.daq.broker.sender import LiveSender
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets_tests.daq.broker.conftest import SECONDS, BrokerProcess, meet, until


def test_senders_and_receivers_find_a_broker_that_was_killed_and_started_again(
    broker: BrokerProcess, sender: LiveSender, receiver: LiveReceiver
) -> None:
    meet(sender, receiver, "a")
    for _ in range(3):
        broker.kill()
        sender.publish("a", "nobody may ever see this")
        broker.start()
        until(lambda: sender.publish("a", 1) and receiver.receive(0.01))


def test_ends_that_were_there_before_the_broker_find_it(endpoints: Endpoints) -> None:
    sender, receiver = LiveSender(endpoints, "early"), LiveReceiver(endpoints)
    receiver.subscribe("a")
    broker = BrokerProcess(endpoints)
    until(lambda: sender.publish("a", 1) and receiver.receive(0.01))
    broker.kill()
    sender.close()
    receiver.close()


def test_the_broker_tells_its_traffic(
    broker: BrokerProcess, sender: LiveSender, receiver: LiveReceiver
) -> None:
    meet(sender, receiver, "a")
    receiver.subscribe(TRAFFIC_TOPIC)
    for _ in range(100):
        until(lambda: sender.publish("a", bytes(1000)))

    def told() -> dict[str, int]:
        message = receiver.receive(SECONDS)
        assert isinstance(message, Message)
        return decode(message) if message.topic == TRAFFIC_TOPIC else {}

    until(lambda: told().get("received_bytes", 0) > 100_000)
    until(lambda: told().get("delivered_bytes", 0) > 100_000)


def test_it_ends_when_asked(tmp_path: Path) -> None:
    stop, beats = threading.Event(), threading.Semaphore(0)
    thread = threading.Thread(
        target=run_broker,
        args=(ipc_endpoints(tmp_path),),
        kwargs={"stop": stop, "beat": beats.release, "period": 0.01},
    )
    thread.start()
    assert beats.acquire(timeout=SECONDS)
    stop.set()
    thread.join(SECONDS)
    assert not thread.is_alive()


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(EndpointInUse, match=f"127.0.0.1:{port} is in use"):
            run_broker(tcp_endpoints(port, 1))


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(EndpointInvalid, match=r"192\.0\.2\.1"):
        run_broker(tcp_endpoints(5000, 5001, host="192.0.2.1"))


def test_a_second_broker_takes_nothing_away_from_the_first(tmp_path: Path) -> None:
    endpoints = ipc_endpoints(tmp_path)
    first = BrokerProcess(endpoints)
    sender, receiver = LiveSender(endpoints, "p"), LiveReceiver(endpoints)
    meet(sender, receiver, "a")
    with pytest.raises(EndpointInUse, match="publish is in use"):
        run_broker(endpoints)
    meet(sender, receiver, "a")
    first.kill()
    sender.close()
    receiver.close()
