"""The ways a block gets from one process to others: streams in shared memory and on disk, and pyzmq alone.

Each contender is a producer and a consumer, functions that a process of its own runs. Consumers read the
data: a stream's reader compares each payload's CRC32C, pyzmq's consumer computes the same CRC.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import zmq
from crc32c import crc32c

from dsa_hcal_assets.daq.streams.configuration import StreamConfig, StreamPlace
from dsa_hcal_assets.daq.streams.interface import StreamReader
from dsa_hcal_assets.daq.streams.opening import open_reader, open_writer

PRODUCER = "benchmark"
_SIZE_AT_LEAST = 64 * 2**20
_SECONDS = 120.0


@dataclass(frozen=True)
class Task:
    """What is sent.

    Attributes
    ----------
    directory
        Where the contender keeps sockets and streams.
    size
        Bytes of a message.
    count
        Messages.
    consumers
        How many processes get all of them.
    pause
        Seconds between two messages; 0: as fast as it goes.
    table
        Whether each message is an Arrow record batch of about that size in place of a block.
    """

    directory: Path
    size: int
    count: int
    consumers: int
    pause: float = 0.0
    table: bool = False

    @property
    def ring(self) -> int:
        """Bytes of the stream's memory: four messages at least."""
        return max(_SIZE_AT_LEAST, 4 * (self.size + 4096))


@dataclass
class Tally:
    """What one process did: when, at which cost, and what it saw.

    Attributes
    ----------
    began, ended
        Seconds of the monotonic clock, which all processes share.
    cpu
        Seconds of processor time in between.
    seen
        Messages seen by a consumer.
    latencies
        Seconds from before the send to after the receipt, where messages carry their time.
    """

    began: float = 0.0
    ended: float = 0.0
    cpu: float = 0.0
    seen: int = 0
    latencies: list[float] = field(default_factory=list)


Role = Callable[[Task, int, Barrier], Tally]


def _measured(work: Callable[[], tuple[int, list[float]]], ready: Barrier) -> Tally:
    ready.wait(_SECONDS)
    began, cpu = time.monotonic(), time.process_time()
    seen, latencies = work()
    return Tally(began, time.monotonic(), time.process_time() - cpu, seen, latencies)


def _values(task: Task) -> Iterator[Any]:
    """Yield the messages; with a pause between them each begins with its time."""
    block = np.random.default_rng(1).integers(0, 256, task.size, dtype=np.uint8)
    value: Any = block
    if task.table:
        columns = 8
        rows = task.size // (8 * columns)
        value = pa.record_batch({f"c{n}": np.random.default_rng(n).random(rows) for n in range(columns)})
    for _ in range(task.count):
        if task.pause:
            time.sleep(task.pause)
            block[:8] = np.array([time.monotonic_ns()]).view(np.uint8)
        yield value


def _age(payload: memoryview) -> float:
    return (time.monotonic_ns() - int(np.frombuffer(payload[:8], np.int64)[0])) / 1e9


# --- our streams ---


def _stream(task: Task, *, keep: str) -> tuple[StreamPlace, StreamConfig]:
    place = StreamPlace(task.directory, shared_memory=keep == "memory")
    config = StreamConfig.model_validate({"policy": "block", "size": task.ring, "keep": keep})
    return place, config


def stream_producer(keep: str) -> Role:
    """Return the producer of a stream kept in `memory` or on `disk`."""

    def produce(task: Task, _: int, ready: Barrier) -> Tally:
        place, config = _stream(task, keep=keep)
        names = [f"reader{number}" for number in range(task.consumers)]
        writer = open_writer(place, PRODUCER, config, readers=names)

        def work() -> tuple[int, list[float]]:
            for value in _values(task):
                writer.send("load", value, timeout=_SECONDS)
            return 0, []

        try:
            return _measured(work, ready)
        finally:
            writer.close()

    return produce


def stream_consumer(keep: str) -> Role:
    """Return the consumer of a stream kept in `memory` or on `disk`."""

    def consume(task: Task, number: int, ready: Barrier) -> Tally:
        place, _ = _stream(task, keep=keep)
        reader = open_reader(place, PRODUCER, f"reader{number}")
        try:
            return _measured(lambda: _drain(reader, task), ready)
        finally:
            reader.close()

    return consume


def _drain(reader: StreamReader, task: Task) -> tuple[int, list[float]]:
    seen, latencies = 0, []
    expected = 1
    while seen < task.count:
        messages = reader.receive(limit=256, timeout=_SECONDS)
        assert messages, "nothing came"
        for message in messages:
            assert message.sequence == expected, f"{message.sequence} in place of {expected}"
            expected += 1
            if task.pause:
                latencies.append(_age(message.payload))
        seen += len(messages)
        last = messages[-1]
        reader.acknowledge(last.epoch, last.sequence)
    assert reader.lost == 0
    return seen, latencies


# --- pyzmq ---


def _address(task: Task, number: int) -> str:
    return f"ipc://{task.directory}/zmq{number}"


def zmq_producer(task: Task, _: int, ready: Barrier) -> Tally:
    """Push each message to every consumer."""
    context = zmq.Context()
    sockets = [context.socket(zmq.PUSH) for _ in range(task.consumers)]
    for number, socket in enumerate(sockets):
        socket.bind(_address(task, number))

    def work() -> tuple[int, list[float]]:
        for value in _values(task):
            data = _serialized(value) if task.table else value
            for socket in sockets:
                # a copy while messages are small, as pyzmq itself advises
                socket.send(data, copy=task.size < 65536 or bool(task.pause))
        return 0, []

    tally = _measured(work, ready)
    # a consumer that lags loses what the kernel still holds when its connection ends
    ready.wait(_SECONDS)
    context.destroy(linger=0)
    return tally


def _serialized(batch: pa.RecordBatch) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write(batch)
    return sink.getvalue()


def zmq_consumer(task: Task, number: int, ready: Barrier) -> Tally:
    """Pull every message and compute its CRC."""
    context = zmq.Context()
    socket = context.socket(zmq.PULL)
    socket.connect(_address(task, number))

    def work() -> tuple[int, list[float]]:
        latencies = []
        for _ in range(task.count):
            frame = socket.recv(copy=False)
            crc32c(frame.buffer)
            if task.pause:
                latencies.append(_age(memoryview(frame.buffer)))
        return task.count, latencies

    tally = _measured(work, ready)
    ready.wait(_SECONDS)
    context.destroy(linger=0)
    return tally


CONTENDERS: dict[str, tuple[Role, Role]] = {
    "shared memory": (stream_producer("memory"), stream_consumer("memory")),
    "disk": (stream_producer("disk"), stream_consumer("disk")),
    "pyzmq ipc": (zmq_producer, zmq_consumer),
}
