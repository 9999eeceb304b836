"""A log of JSON lines, one file a UTC day, in which what was written stays written."""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from dsa_hcal_assets.daq.durable_file import explain_os_error, make_directory
from dsa_hcal_assets.daq.messages.message import Kind, Message
from dsa_hcal_assets.daq.messages.payload import decode

Origin = tuple[str, str]
"""Producer and topic: live messages are numbered within these two, kept ones over all topics."""
Position = tuple[int, int]
"""Epoch and sequence of a message."""


class JsonLines:
    """Appends messages durably, each once, however often it is delivered.

    A line holds `time`, `topic`, `producer`, `epoch`, `sequence` and the message's `value`. Lines are
    whole: half a line that a killed writer left is cut off when the log is opened. Positions of what is
    in the newest file are remembered, which is enough: what is delivered again after a crash is the last
    batch, and a batch goes into one file.

    Parameters
    ----------
    directory
        Made if it is missing. One writer at a time.
    name
        Files are `<name>-YYYY-MM-DD.jsonl`.
    """

    def __init__(self, directory: Path, name: str) -> None:
        make_directory(directory)
        self._directory, self._name = directory, name
        self._written: dict[Origin, Position] = {}
        if files := sorted(directory.glob(f"{name}-????-??-??.jsonl")):
            _cut_half_line(files[-1])
            self._written = dict(map(_position, _lines(files[-1])))

    def append(self, messages: Sequence[Message]) -> int:
        """Write those messages that are not written yet and flush them to the disk; return how many.

        Raises
        ------
        DiskFull, WriteFailed
            If the operating system refuses; none of the messages counts as written.
        """
        lines = [_line(message) for message in messages if self._is_new(message)]
        if lines:
            _append_durably(self._today(), b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
            self._written.update(map(_position, lines))
        return len(lines)

    def _is_new(self, message: Message) -> bool:
        epoch, sequence = self._written.get((message.producer, message.topic), (0, 0))
        return message.epoch != epoch or message.sequence > sequence

    def _today(self) -> Path:
        return self._directory / f"{self._name}-{datetime.now(UTC):%Y-%m-%d}.jsonl"


def _line(message: Message) -> dict[str, Any]:
    return {
        "time": datetime.fromtimestamp(message.time_ns / 1e9, UTC).isoformat(),
        "topic": message.topic,
        "producer": message.producer,
        "epoch": message.epoch,
        "sequence": message.sequence,
        "value": decode(message) if message.kind is Kind.JSON else _described(message),
    }


def _described(message: Message) -> str:
    """Return what stands for an array or a table, which no log of lines should hold."""
    return f"{message.kind.name}, {len(message.payload)} bytes"


def _position(line: Mapping[str, Any]) -> tuple[Origin, Position]:
    return (line["producer"], line["topic"]), (line["epoch"], line["sequence"])


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open("rb") as lines:
        yield from map(msgspec.json.decode, lines)


def _append_durably(file: Path, data: bytes) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            before = os.fstat(descriptor).st_size
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(descriptor, view) :]
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, before)
                raise
        finally:
            os.close(descriptor)
    except OSError as error:
        raise explain_os_error(file, len(data), error) from error


def _cut_half_line(file: Path) -> None:
    with file.open("rb+") as log:
        data = log.read()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            log.truncate(whole)
