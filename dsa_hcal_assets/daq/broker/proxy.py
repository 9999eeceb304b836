"""The broker process: hands on everything that comes in to whoever subscribed to it."""

import contextlib
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import zmq

from dsa_hcal_assets.daq.broker.endpoints import Endpoints, in_use, listen
from dsa_hcal_assets.daq.broker.sender import HIGH_WATER_MARK, LiveSender
from dsa_hcal_assets.daq.one_writer import SecondWriter, one_writer
from dsa_hcal_assets.errors import WorkerCrashed

TRAFFIC_TOPIC = "broker.traffic"
_CONTROL = "inproc://broker-control"
_CONTROL_TIMEOUT_MS = 5000
_U64 = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class Traffic:
    """What went through the broker since it started. A message to three subscribers is delivered thrice."""

    received: int
    received_bytes: int
    delivered: int
    delivered_bytes: int


def run_broker(
    endpoints: Endpoints,
    high_water_mark: int = HIGH_WATER_MARK,
    *,
    stop: threading.Event | None = None,
    beat: Callable[[], None] = lambda: None,
    period: float = 1.0,
) -> None:
    """Be the broker until `stop` is set, telling its traffic live as `broker.traffic`.

    Parameters
    ----------
    endpoints
        Where to listen.
    high_water_mark
        Messages that may wait for one subscriber; the next ones are dropped for this subscriber, which
        counts them.
    stop
        Ends it within `period`.
    beat
        Called every `period` seconds while the proxy answers.
    period
        Seconds between two reports of traffic.

    Raises
    ------
    EndpointInUse
        If another program listens there.
    EndpointInvalid
        If the address is none, or may not be listened at.
    WorkerCrashed
        If the proxy ended by itself.
    """
    stop = stop or threading.Event()
    with _only_broker(endpoints), _proxy(endpoints, high_water_mark) as traffic:
        sender = LiveSender(endpoints, "broker")
        try:
            while not stop.wait(period):
                sender.publish(TRAFFIC_TOPIC, asdict(traffic()))
                beat()
        finally:
            sender.close()


@contextlib.contextmanager
def _proxy(endpoints: Endpoints, high_water_mark: int) -> Iterator[Callable[[], Traffic]]:
    with (
        zmq.Context() as context,
        context.socket(zmq.XSUB) as incoming,
        context.socket(zmq.XPUB) as outgoing,
        context.socket(zmq.REP) as control,
        context.socket(zmq.REQ) as ask,
    ):
        for side in (incoming, outgoing):
            side.setsockopt(zmq.LINGER, 0)
            side.setsockopt(zmq.SNDHWM, high_water_mark)
            side.setsockopt(zmq.RCVHWM, high_water_mark)
        listen(incoming, endpoints.publish)
        listen(outgoing, endpoints.subscribe)
        control.bind(_CONTROL)
        ask.setsockopt(zmq.RCVTIMEO, _CONTROL_TIMEOUT_MS)
        ask.connect(_CONTROL)
        thread = threading.Thread(
            target=zmq.proxy_steerable, args=(incoming, outgoing, None, control), daemon=True, name="proxy"
        )
        thread.start()
        try:
            yield lambda: _traffic(ask)
        finally:
            ask.send(b"TERMINATE")
            thread.join()


def _traffic(ask: "zmq.Socket[bytes]") -> Traffic:
    ask.send(b"STATISTICS")
    try:
        reply = ask.recv_multipart()
    except zmq.Again as error:
        raise WorkerCrashed("the broker's proxy does not answer", remedy="start the broker anew") from error
    # For each side in turn: messages and bytes received, messages and bytes sent; here incoming's first
    # two, and the last two of the side that subscribers are on.
    numbers = [int(_U64.unpack(part)[0]) for part in reply]
    return Traffic(numbers[0], numbers[1], numbers[6], numbers[7])


@contextlib.contextmanager
def _only_broker(endpoints: Endpoints) -> Iterator[None]:
    # ZeroMQ takes a Unix socket away from a broker that listens on it, so a lock has to say it is taken.
    if not endpoints.publish.startswith("ipc://"):
        yield
        return
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(one_writer(Path(endpoints.publish.removeprefix("ipc://")).parent))
        except SecondWriter as error:
            raise in_use(endpoints.publish) from error
        yield
