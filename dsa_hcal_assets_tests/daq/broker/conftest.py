"""A broker in a process of its own, and both ends of it."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dsa_hcal_assets.daq.broker.endpoints import Endpoints, free_tcp_endpoints, ipc_endpoints
from dsa_hcal_assets.daq.broker.proxy import run_broker
from dsa_hcal_assets.daq.broker.receiver import LiveReceiver
from dsa_hcal_assets.daq.broker.sender import LiveSender
from dsa_hcal_assets.daq.broker.wire import Notice
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.messages.payload import decode

SECONDS = 30


class BrokerProcess:
    """A broker that can be killed and started again."""

    def __init__(self, endpoints: Endpoints, high_water_mark: int = 1000) -> None:
        self.endpoints = endpoints
        self._high_water_mark = high_water_mark
        self.start()

    def start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(
            target=run_broker,
            args=(self.endpoints, self._high_water_mark),
            kwargs={"period": 0.1},
            daemon=True,
        )
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def kill(self) -> None:
        self._process.kill()
        self._process.join()


@pytest.fixture(params=["ipc", "tcp"])
def endpoints(request: pytest.FixtureRequest, tmp_path: Path) -> Endpoints:
    return ipc_endpoints(tmp_path) if request.param == "ipc" else free_tcp_endpoints()


@pytest.fixture
def broker(endpoints: Endpoints) -> Iterator[BrokerProcess]:
    process = BrokerProcess(endpoints)
    yield process
    process.kill()


@pytest.fixture
def sender(broker: BrokerProcess) -> Iterator[LiveSender]:
    sender = LiveSender(broker.endpoints, "hall/thermometer")
    yield sender
    sender.close()


@pytest.fixture
def receiver(broker: BrokerProcess) -> Iterator[LiveReceiver]:
    receiver = LiveReceiver(broker.endpoints)
    yield receiver
    receiver.close()


def meet(sender: LiveSender, receiver: LiveReceiver, topic: str = "meet") -> None:
    """Publish until both have been introduced to each other by the broker, then take what is left."""
    receiver.subscribe(topic)

    def heard(value: int) -> bool:
        came = receiver.receive(0.02)
        return isinstance(came, Message) and came.topic == topic and decode(came) == value

    until(lambda: sender.publish(topic, 1) and heard(1))
    sender.publish(topic, 2)
    until(lambda: heard(2))


def until(condition: Callable[[], object]) -> None:
    """Wait for `condition`, with a bound that only a failure meets."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def all_left(receiver: LiveReceiver, quiet: float = 0.3) -> list[Message | Notice]:
    """Return what comes until nothing has come for `quiet` seconds (so not the broker's own telling)."""
    came = []
    while (message := receiver.receive(quiet)) is not None:
        came.append(message)
    return came
