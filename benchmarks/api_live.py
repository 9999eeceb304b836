"""A thousand clients of ``/ws/data``: does each get every update, how soon, and what it costs the service.

``python -m benchmarks.api_live`` runs uvicorn as the platform does, on a database into which detector
snapshots are loaded one by one, as the platform loads them; ``--quick`` takes 200 clients. Latency is the
time from the reading of a state to its receipt by a client; the time until the service looks (a second) comes
before it. The alternative beside it is the obvious one: a task a client that writes its own JSON from a queue
of its own. Each client is an open file to the service and one to the clients' process: the soft limit is
raised here, the hard one (``ulimit -Hn``) must allow it.
"""

import argparse
import asyncio
import json
import multiprocessing
import resource
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import TypeAlias

import numpy as np
import psutil
import uvicorn
from fastapi import APIRouter, FastAPI, WebSocket, WebSocketDisconnect

from benchmarks import live_clients
from benchmarks.detector_state_scene import START, fresh_database, serving, write_snapshots
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.mapping.channel_map import load_channel_map
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.hcal.towers.loading import load_day
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.live import LiveSettings
from dsa_hcal_assets.web.access.admission import Admission
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.live import endpoint
from dsa_hcal_assets.web.live.protocol import OPTIONS
from dsa_hcal_assets.web.live.readings import Readings

Newest: TypeAlias = "Synchronized[int]"
CLIENTS = {True: 200, False: 1000}
UPDATES = {True: 5, False: 20}
TOPIC = "readings"
SETTLE_SECONDS = 5.0
QUIET_SECONDS = {True: 4.0, False: 15.0}
VARIANTS = ("hub", "naive")
# A connection is a file in the service and one in the client.
FILES_A_CLIENT, OTHER_FILES = 1, 500


@dataclass(frozen=True)
class Result:
    """One variant: seconds from reading to receipt, and the service's processor time.

    Attributes
    ----------
    p50_ms, p95_ms, p99_ms
        Of all receipts of all updates.
    cpu_ms_an_update
        Processor time for reading and sending one update to all clients, above that of a quiet service.
    quiet_cpu
        Share of a processor while nothing changes.
    lost
        Updates that did not reach a client, counted client by client.
    memory_mb
        Resident size of the service with all clients connected.
    """

    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_ms_an_update: float
    quiet_cpu: float
    lost: int
    memory_mb: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.api_live", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer clients and updates")
    parser.add_argument("--clients", type=int, help="how many clients")
    options = parser.parse_args(arguments)
    clients, updates = options.clients or CLIENTS[options.quick], UPDATES[options.quick]
    results = run(clients, updates, QUIET_SECONDS[options.quick])
    print(f"{clients} clients, {updates} updates")
    print("           p50 ms  p95 ms  p99 ms  CPU ms/update  quiet CPU  lost     MB")
    for name, found in results.items():
        print(
            f"{name:8} {found.p50_ms:9.1f} {found.p95_ms:7.1f} {found.p99_ms:7.1f}"
            f" {found.cpu_ms_an_update:14.1f} {found.quiet_cpu:10.1%} {found.lost:5} {found.memory_mb:6.0f}"
        )
    found = results["hub"]
    print(
        json.dumps(
            {
                "live.clients": clients,
                "live.lost": found.lost,
                "live.p95_ms": round(found.p95_ms, 1),
                "live.cpu_ms_an_update": round(found.cpu_ms_an_update, 1),
                "variants": {name: asdict(one) for name, one in results.items()},
            }
        )
    )


def run(clients: int, updates: int, quiet_seconds: float) -> dict[str, Result]:
    """Measure both variants, each on a database of its own."""
    allow_files(clients)
    with serving() as (server, home):
        results = {}
        for variant in VARIANTS:
            with fresh_database(server, f"live_{variant}") as database:
                results[variant] = _measure(
                    variant, database, home / variant, clients, updates, quiet_seconds
                )
    return results


def allow_files(clients: int) -> None:
    """Let this process, and those it starts, open as many files as `clients` connections need.

    Raises
    ------
    SystemExit
        If an administrator has to raise the limit first.
    """
    needed = clients * FILES_A_CLIENT + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise SystemExit(f"{clients} clients need {needed} open files; `ulimit -Hn` allows {hard}")
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _measure(
    variant: str, database: Database, home: Path, clients: int, updates: int, quiet_seconds: float
) -> Result:
    incoming = home / "incoming"
    write_snapshots(incoming, updates)
    files = sorted(incoming.iterdir())
    waiting = home / "waiting"
    waiting.mkdir()
    for file in files:
        file.rename(waiting / file.name)
    ledger, channel_map = Ledger(database, home / "quarantine"), load_channel_map()
    with _service(variant, database.url, home) as (port, service), _listening(port, clients) as (end, newest):
        time.sleep(SETTLE_SECONDS)
        before, began = _cpu(service), time.monotonic()
        time.sleep(quiet_seconds)
        quiet = (_cpu(service) - before) / (time.monotonic() - began)
        before, began = _cpu(service), time.monotonic()
        for number, file in enumerate(files, start=2):
            (waiting / file.name).rename(incoming / file.name)
            scan(incoming, ledger, CONTROLLERS)
            load_day(database, ledger, START.date(), channel_map, "benchmark")
            _wait_for_state(newest, number)
        busy, lasted = _cpu(service) - before, time.monotonic() - began
        memory = service.memory_info().rss / 1e6
        received = end()
    first, last = 2, updates + 1  # the first state is what there was before the first snapshot
    milliseconds = 1e3 * received.of_states(first, last)
    p50, p95, p99 = np.percentile(milliseconds, [50, 95, 99])
    lost = received.lost(clients, first, last)
    return Result(p50, p95, p99, 1e3 * (busy - quiet * lasted) / updates, quiet, lost, memory)


@contextmanager
def _service(variant: str, url: str, home: Path) -> Iterator[tuple[int, psutil.Process]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(variant, url, home, port))
    process.start()
    try:
        _wait_for(port, process)
        yield port, psutil.Process(process.pid)
    finally:
        # the naive one would wait for tasks that have nothing more to send
        process.kill()
        process.join()


def _serve(variant: str, url: str, home: Path, port: int) -> None:
    web = Web(Settings(state_dir=home, database_url=url, live=LiveSettings(clients=100_000)))
    app = FastAPI()
    app.state.admission = Admission(web)
    app.include_router(endpoint.routes(web) if variant == "hub" else _naive_routes(web))
    uvicorn.run(app, port=port, log_level="warning", **OPTIONS)


def _naive_routes(web: Web) -> APIRouter:
    """Return a route whose every client has a queue of states, and a task that writes their JSON."""
    router = APIRouter()
    queues: set[asyncio.Queue[dict[str, object]]] = set()
    polling: list[asyncio.Task[None]] = []

    async def poll() -> None:
        readings, last, number = Readings(), None, 0
        while True:
            data = await asyncio.to_thread(readings, web.reader)
            if data != last:
                last, number = data, number + 1
                for queue in queues:
                    queue.put_nowait(
                        {"type": TOPIC, "at": utc_now().isoformat(), "seq": number, "data": data}
                    )
            await asyncio.sleep(1.0)

    @router.websocket("/ws/data")
    async def data(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.receive_text()
        queue: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        queues.add(queue)
        if not polling:
            polling.append(asyncio.create_task(poll()))
        try:
            while True:
                state = await queue.get()
                await websocket.send_text(json.dumps(state, default=str, separators=(",", ":")))
        except WebSocketDisconnect:
            queues.remove(queue)

    return router


def _wait_for_state(newest: Newest, number: int) -> None:
    deadline = time.monotonic() + 60
    while newest.value < number:
        if time.monotonic() > deadline:
            raise SystemExit(f"state {number} did not come within a minute")
        time.sleep(0.05)
    # the others have it soon after the first
    time.sleep(1.0)


def _wait_for(port: int, process: multiprocessing.process.BaseProcess) -> None:
    while process.is_alive():
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("the service did not start")


@contextmanager
def _listening(port: int, clients: int) -> Iterator[tuple[Callable[[], live_clients.Received], Newest]]:
    """Connect all clients in a process of their own.

    Yields what ends them and returns what they got, and the number of the newest state that came.
    """
    spawning = multiprocessing.get_context("spawn")
    here, there = spawning.Pipe()
    newest = spawning.Value("i", 0)
    process = spawning.Process(target=_listen, args=(port, clients, there, newest))
    process.start()
    # held here too it would never be seen to end
    there.close()

    def end() -> live_clients.Received:
        here.send("end")
        return live_clients.Received(newest, *here.recv())

    try:
        if here.recv() != "ready":
            raise SystemExit("the clients did not connect")
        yield end, newest
    finally:
        process.terminate()
        process.join()


def _listen(port: int, clients: int, pipe: Connection, newest: Newest) -> None:
    asyncio.run(_hear(port, clients, pipe, newest))


async def _hear(port: int, clients: int, pipe: Connection, newest: Newest) -> None:
    received = live_clients.Received(newest)
    await live_clients.connect(port, range(clients), TOPIC, received)
    pipe.send("ready")
    await asyncio.to_thread(pipe.recv)
    pipe.send((received.clients, received.numbers, received.seconds))


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    main()
