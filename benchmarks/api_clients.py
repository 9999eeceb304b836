"""Clients of the API over sockets that stay open, with as little of this process's time as possible."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import uvloop


@dataclass(frozen=True)
class Answered:
    """Seconds from sending a request to the last byte of each answer, and the bytes of one."""

    seconds: tuple[float, ...]
    size: int

    @property
    def p95_ms(self) -> float:
        """95th percentile, ms."""
        return float(np.percentile(self.seconds, 95) * 1e3)

    @property
    def median_ms(self) -> float:
        """Median, ms."""
        return float(np.median(self.seconds) * 1e3)


def at_a_steady_rate(port: int, paths: Sequence[str], clients: int, seconds: float) -> Answered:
    """Let `clients` ask once a second each, in turn for each of `paths`, each at a phase of its own.

    Raises
    ------
    RuntimeError
        If an answer is not 200, or a client cannot keep to its second.
    """
    return uvloop.run(_steady(port, paths, clients, seconds))


def one_after_the_other(port: int, path: str, times: int) -> Answered:
    """Let one client ask `times` times, each when it has the answer before."""
    return uvloop.run(_sequence(port, path, times))


async def _steady(port: int, paths: Sequence[str], clients: int, seconds: float) -> Answered:
    chance = random.Random(1)
    begin = time.perf_counter() + 0.5
    asking = (
        _client(port, paths, number, begin + (number + chance.random()) / clients, round(seconds))
        for number in range(clients)
    )
    found = await asyncio.gather(*asking)
    return Answered(tuple(took for one in found for took in one.seconds), found[0].size)


async def _client(port: int, paths: Sequence[str], number: int, begin: float, times: int) -> Answered:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    taken, size = [], 0
    for turn in range(times):
        await asyncio.sleep(max(0.0, begin + turn - time.perf_counter()))
        sent = time.perf_counter()
        size = await _ask(reader, writer, port, paths[(number + turn) % len(paths)])
        taken.append(time.perf_counter() - sent)
    writer.close()
    return Answered(tuple(taken), size)


async def _sequence(port: int, path: str, times: int) -> Answered:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    taken, size = [], 0
    for _ in range(times):
        sent = time.perf_counter()
        size = await _ask(reader, writer, port, path)
        taken.append(time.perf_counter() - sent)
    writer.close()
    return Answered(tuple(taken), size)


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, path: str) -> int:
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    if not head.startswith("http/1.1 200"):
        raise RuntimeError(f"{path} was answered {head.splitlines()[0]}")
    fields = dict(line.split(": ", 1) for line in head.splitlines()[1:] if line)
    if "content-length" in fields:
        body = await reader.readexactly(int(fields["content-length"]))
        return len(body)
    return await _chunks(reader)


async def _chunks(reader: asyncio.StreamReader) -> int:
    size = 0
    while length := int(await reader.readline(), 16):
        size += length
        await reader.readexactly(length + 2)
    await reader.readline()
    return size
