"""Producers and consumers as processes of their own, to be killed."""

import multiprocessing
import time
from pathlib import Path

import numpy as np

from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets.daq.streams.opening import StreamConfig, StreamPlace, open_reader, open_writer

SPAWN = multiprocessing.get_context("spawn")


def produce(place: StreamPlace, config: StreamConfig, returned: Path) -> None:
    """Send for ever; note in `returned`, without buffering, each sequence that send returned."""
    writer = open_writer(place, "p", config)
    random = np.random.default_rng()
    with returned.open("ab", buffering=0) as notes:
        while True:
            number = writer.last_sequence + 1
            sequence = writer.send("t", content(number, int(random.integers(0, 3000))))
            notes.write(sequence.to_bytes(8, "little"))


def consume(place: StreamPlace, stored: Path, stop_at) -> None:
    """Append each message's sequence and a check of its content to `stored`, then acknowledge.

    A consumer that keeps what it has dealt with itself leaves out what comes again.
    """
    known = np.fromfile(stored, dtype=np.uint64) if stored.exists() else np.zeros(0, np.uint64)
    last = int(known[-1]) if len(known) else 0
    reader = open_reader(place, "p", stored.name)
    with stored.open("ab", buffering=0) as file:
        while not stop_at.value or last < stop_at.value:
            messages = reader.receive(64, timeout=0.1)
            for message in messages:
                check(message)
            fresh = [message.sequence for message in messages if message.sequence > last]
            file.write(np.array(fresh, np.uint64).tobytes())
            if messages:
                last = messages[-1].sequence
                reader.acknowledge(messages[-1].epoch, last)


def content(number, length):
    """Return an array that only message `number` has."""
    return np.full(1 + length, number, np.uint32)


def check(message) -> None:
    """Say so if the message has another one's content."""
    found = set(decode(message).tolist())
    if found != {message.sequence}:
        raise AssertionError(f"message {message.sequence} has the content of {found}")


def started(target, *arguments):
    process = SPAWN.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


def until(condition, seconds=120):
    """Wait for `condition`, so that a busy machine only takes longer."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.002)
