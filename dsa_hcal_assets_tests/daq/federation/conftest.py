"""Supervisors' links, in threads or in processes, and a network between them that can be cut."""

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from dsa_hcal_assets.daq.broker.endpoints import Endpoints
from dsa_hcal_assets.daq.federation.config import LinkConfig, MirrorReader, PeerConfig
from dsa_hcal_assets.daq.federation.keys import allow, generate_keys
from dsa_hcal_assets.daq.federation.link import Link, run_link
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.streams.interface import StreamReader, StreamWriter
from dsa_hcal_assets.daq.streams.opening import (
    StreamConfig,
    StreamPlace,
    open_reader,
    open_writer,
    sweep,
)
from dsa_hcal_assets_tests.daq.federation.network import CuttableNetwork, free_port

SECONDS = 60
STORE = "store"
SMALL = StreamConfig(size=4 << 20)
Place = tuple[int, int]


class Site:
    """One machine with a supervisor: its directory, keys and streams, and a link to be started."""

    def __init__(self, home: Path, name: str, *, shared_memory: bool = True) -> None:
        self.name = name
        self.home = home / name
        (self.home / "run").mkdir(parents=True)
        self.place = StreamPlace(self.home / "run", shared_memory)
        self.certificate = generate_keys(self.home / "keys")
        self.status: dict[str, Any] = {"peers": {}, "troubles": {}}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._process: Any = None

    def lets_in(self, other: "Site") -> None:
        allow(self.home / "keys", other.name, other.certificate)

    def config(self, *peers: PeerConfig, **options: Any) -> LinkConfig:
        """The configuration of a link with quick heartbeats, all of whose mirrors are read by a store."""
        quick = {"heartbeat": 0.1, "away_after": 1.0, "mirror": SMALL}
        readers = (MirrorReader(producers="*", name=STORE),)
        keys = self.home / "keys"
        return LinkConfig(supervisor=self.name, keys=keys, peers=peers, readers=readers, **(quick | options))

    def writer(self, producer: str, *readers: str, config: StreamConfig = SMALL) -> StreamWriter:
        return open_writer(self.place, producer, config, readers)

    def start(self, config: LinkConfig, endpoints: Endpoints | None = None) -> None:
        """Start the link in a thread."""
        self._stop.clear()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(config, endpoints, ready))
        self._thread.start()
        assert ready.wait(SECONDS)

    def spawn(self, config: LinkConfig, endpoints: Endpoints | None = None) -> None:
        """Start the link in a process of its own."""
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=run_link, args=(config, self.place, endpoints), daemon=True)
        self._process.start()

    def kill(self) -> None:
        """End the link's process as a power cut would."""
        self._process.kill()
        self._process.join()
        self._process = None

    def stop(self) -> None:
        """End whatever runs of the link."""
        if self._process is not None:
            self.kill()
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None

    def peer(self, other: "Site") -> dict[str, Any]:
        """What the link knows of a peer."""
        return self.status["peers"].get(other.name, {})

    def trouble(self, kind: type[Exception]) -> int:
        """How often the link met such an error."""
        return self.status["troubles"].get(kind.__name__, 0)

    def _run(self, config: LinkConfig, endpoints: Endpoints | None, ready: threading.Event) -> None:
        with Link(config, self.place, endpoints) as link:
            ready.set()
            while not self._stop.is_set():
                link.turn()
                if link.heartbeat_is_due():
                    link.heartbeat()
                    self.status = link.status()


class Store:
    """Reads a mirror as a store does, and keeps where each message was."""

    def __init__(self, site: Site, producer: str) -> None:
        self._reader: StreamReader = open_reader(site.place, producer, STORE)
        self.places: list[Place] = []
        self.payloads: list[bytes] = []

    @property
    def lost(self) -> int:
        return self._reader.lost

    def read(self) -> Sequence[Message]:
        messages = self._reader.receive()
        for message in messages:
            self.places.append((message.epoch, message.sequence))
            self.payloads.append(bytes(message.payload))
        if messages:
            self._reader.acknowledge(messages[-1].epoch, messages[-1].sequence)
        return messages

    def until(self, count: int) -> None:
        """Read until `count` messages have come in all."""
        until(lambda: self.read() or len(self.places) >= count, lambda: len(self.places) >= count)

    def close(self) -> None:
        self._reader.close()


def until(work: Callable[[], object], done: Callable[[], object] | None = None) -> None:
    """Do `work` until it (or `done`) is true, with a bound that only a failure meets."""
    deadline = time.monotonic() + SECONDS
    while not (work() if done is None else work() is not None and done()):
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.fixture
def network() -> Iterator[CuttableNetwork]:
    with CuttableNetwork(free_port()) as network:
        yield network


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Makes sites; what they leave in shared memory is swept at the end."""
    made: list[Site] = []

    def make(name: str, **options: Any) -> Site:
        made.append(Site(tmp_path, name, **options))
        return made[-1]

    yield make
    for site in made:
        site.stop()
        sweep(site.place)


@pytest.fixture
def pair(sites: Callable[..., Site]) -> tuple[Site, Site]:
    """Two sites that know each other's keys."""
    hall, laboratory = sites("hall"), sites("laboratory")
    hall.lets_in(laboratory)
    laboratory.lets_in(hall)
    return hall, laboratory
