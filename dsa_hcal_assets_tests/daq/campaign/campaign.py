"""An acquisition into every kind of store, and what is done to it."""

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from dsa_hcal_assets.daq.streams.configuration import StreamPlace
from dsa_hcal_assets.daq.streams.files import StreamFiles, memory_directory
from dsa_hcal_assets.daq.streams.registry import cursors
from dsa_hcal_assets_tests.daq.campaign import stored
from dsa_hcal_assets_tests.daq.supervisor.whole import Whole
from dsa_hcal_assets_tests.private_servers import HOST, PrivateServer, mariadb, redis

PRODUCERS = {"spilling": "spill", "blocking": "block"}
_RESTART = "[restart]\nfirst_delay = 0.2\nlongest_delay = 1\nbudget = 100000\n"
_COUNTING = "dsa_hcal_assets_tests.daq.campaign.counting:Counting"
_DRAIN_SECONDS = 120


class Campaign:
    """Producers, a supervisor, stores of every kind, a small disk and two servers.

    Parameters
    ----------
    home
        Directory of everything.
    small_disk
        A directory on a file system that the campaign may fill.
    """

    def __init__(self, home: Path, small_disk: Path, seed: int) -> None:
        self.home, self.small_disk = home, small_disk
        self.random = random.Random(seed)
        self.done: dict[str, int] = {}
        self.enough = home / "enough"
        self.servers: dict[str, PrivateServer] = {}
        for name, make in (("mariadb", mariadb), ("redis", redis)):
            (home / name).mkdir()
            self.servers[name] = make(home / name)
            self.servers[name].start()
        self._make_database()
        self.whole = Whole(home, 'ring_budget = "64 MB"\n')
        self._write_files()

    # --- set-up ---

    def _make_database(self) -> None:
        import pymysql

        with pymysql.connect(host=HOST, port=self.servers["mariadb"].port, user="root") as connection:
            connection.cursor().execute("create database daq")
        # a MariaDB killed before the first pages of its files were written does not start again
        self.servers["mariadb"].stop()
        self.servers["mariadb"].start()

    def _write_files(self) -> None:
        for store in ("sqlite", "mariadb"):
            self.whole.write(store, "sql", _RESTART)
        for store in ("redis", *stored.FILES):
            self.whole.write(store, store, _RESTART)
        self.whole.write("small", "raw", _RESTART)
        for producer, policy in PRODUCERS.items():
            tables = [f'[stream]\npolicy = "{policy}"\nsize = "64 KiB"\nsegment = "64 KiB"\n', _RESTART]
            for store, options in self._options(producer).items():
                lines = "".join(f'{key} = "{value}"\n' for key, value in options.items())
                tables.append(f"[store_config.{store}]\nflush_interval = 0.3\n{lines}")
            keys = f'type = "{_COUNTING}"\nid = "{producer}"\ninterval = 0.02\n'
            keys += f'confirmed = "{self.home / producer}.confirmed"\nenough = "{self.enough}"\n'
            (self.whole.config_dir / f"{producer}.toml").write_text(keys + "".join(tables))

    def _options(self, producer: str) -> dict[str, dict[str, object]]:
        files = {kind: {"path": self.directory(kind, producer) / "rows"} for kind in stored.FILES}
        return {
            **files,
            "small": {"path": self.directory("small", producer) / "rows"},
            "sqlite": {"url": f"sqlite:///{self.home / 'rows.sqlite'}"},
            "mariadb": {"url": f"mariadb://root@{HOST}:{self.servers['mariadb'].port}/daq"},
            "redis": {"url": f"redis://{HOST}:{self.servers['redis'].port}/0"},
        }

    def directory(self, store: str, producer: str) -> Path:
        directory = (self.small_disk if store == "small" else self.home / "data") / store / producer
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    # --- what is done to it ---

    def rage(self, seconds: float) -> None:
        """Kill, stop and fill at random for so long, then put everything right again."""
        actions: dict[Callable[[], str], int] = {
            self._kill_producer: 4,
            self._kill_store: 8,
            self._kill_broker: 2,
            self._kill_supervisor: 1,
            self._toggle_server: 4,
            self._toggle_disk: 2,
        }
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(self.random.uniform(0.1, 1.5))
            (action,) = self.random.choices(list(actions), list(actions.values()))
            what = action()
            self.done[what] = self.done.get(what, 0) + 1
        for server in self.servers.values():
            server.start_again()
        self._filler.unlink(missing_ok=True)

    def _kill_producer(self) -> str:
        return self._kill(self.random.choice(list(PRODUCERS)), "producer")

    def _kill_store(self) -> str:
        return self._kill(self.random.choice([*stored.FILES, "small", "sqlite", "mariadb", "redis"]), "store")

    def _kill_broker(self) -> str:
        return self._kill("broker", "broker")

    def _kill(self, job: str, kind: str) -> str:
        pid = self.whole.job(job).pid
        if pid is None:
            return f"{kind} was away"
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return f"{kind} was away"
        return f"{kind} killed"

    def _kill_supervisor(self) -> str:
        self.whole.kill()
        self.whole.start()
        return "supervisor killed"

    def _toggle_server(self) -> str:
        name = self.random.choice(list(self.servers))
        server = self.servers[name]
        if not server.running:
            server.start()
            return f"{name} started"
        server.stop(self.random.choice([signal.SIGTERM, signal.SIGKILL]))
        return f"{name} stopped"

    @property
    def _filler(self) -> Path:
        return self.small_disk / "filler"

    def _toggle_disk(self) -> str:
        if self._filler.exists():
            self._filler.unlink()
            return "disk emptied"
        # to the last byte, while the stores write too
        with self._filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1 << 20))
        return "disk filled"

    # --- what must be true at the end ---

    def drain(self) -> dict[str, int]:
        """Have producers stop and wait until every store has everything; return the last sequences."""
        self.enough.touch()
        place = StreamPlace(self.whole.run_dir)
        deadline = time.monotonic() + _DRAIN_SECONDS
        while True:
            before = {producer: self._reached(place, producer) for producer in PRODUCERS}
            time.sleep(1.5)
            after = {producer: self._reached(place, producer) for producer in PRODUCERS}
            settled = all(len(set(reached)) == 1 for reached in after.values())
            if settled and before == after:
                return {producer: reached[0] for producer, reached in after.items()}
            assert time.monotonic() < deadline, (
                after,
                self.whole.status(),
                self.whole.log.read_text()[-3000:],
            )

    def _reached(self, place: StreamPlace, producer: str) -> list[int]:
        found = cursors(StreamFiles.of(place, producer))
        assert len(found) == len(stored.FILES) + 4, [cursor.name for cursor in found]
        return [cursor.reached.sequence for cursor in found]

    def confirmed(self, producer: str) -> list[int]:
        lines = (self.home / f"{producer}.confirmed").read_bytes().split(b"\n")
        return [int(line) for line in lines if line]

    def rows(self, producer: str) -> dict[str, list[stored.Row]]:
        files = {kind: stored.of_files(kind, self.directory(kind, producer)) for kind in stored.FILES}
        return {
            **files,
            "small": stored.of_files("raw", self.directory("small", producer)),
            "sqlite": stored.of_sqlite(self.home / "rows.sqlite", producer),
            "mariadb": stored.of_mariadb(self.servers["mariadb"].port, producer),
            "redis": stored.of_redis(self.servers["redis"].port, producer),
        }

    def shared_memory(self) -> Path:
        return memory_directory(StreamPlace(self.whole.run_dir))

    def close(self) -> None:
        self.whole.close()
        for server in self.servers.values():
            server.stop(signal.SIGKILL)


def mount_small_disk(directory: Path) -> bool:
    """Mount a file system of 24 MiB; return whether this user may."""
    directory.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(directory)]
    return subprocess.run(command, capture_output=True).returncode == 0
