"""The API under a hundred clients that ask once a second each.

``python -m benchmarks.api [--quick]``: 50 million detector rows (quick: 1 million), a year of the rig and one
of observation groups (quick: 10,000), on the embedded server; the API as the services start it. Headlines
are the 95th percentiles of health, key figures and a year's trend, each asked for by all clients at once, and
processor time per request, which a busy machine changes less. Beside it: a new connection of the database
for each request, as applications without a pool have it, and the year's readings one by one instead of
decimated. A thousand clients of live data follow (`benchmarks.api_live`).
"""

import argparse
import json
import os
import resource
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks import api_live, api_scene, detector_state_queries
from benchmarks.api_clients import Answered, at_a_steady_rate, one_after_the_other
from benchmarks.detector_state_scene import TOWERS, fresh_database, serving

ROWS = {True: 1_000_000, False: 50_000_000}
GROUPS = {True: 10_000, False: api_scene.GROUPS_OF_A_YEAR}
SECONDS = {True: 10, False: 30}
CLIENTS = 100
REPEATS = 20
_YEAR = "start=2025-01-01T00:00:00Z&end=2026-01-01T00:00:00Z"
STEADY = {
    "health": "/api/health",
    "kpis": f"/api/kpis?date={api_scene.NEWEST_DAY}",
    "trends": f"/api/trends?{_YEAR}",
}
OTHERS = {
    "trends of a day": f"/api/trends?date={api_scene.NEWEST_DAY}",
    "summary of the rig": "/api/summary",
    "128 half-sectors, newest cycle": "/api/hcal/half-sectors",
    "all towers, newest cycle": "/api/hcal/state",
    "half-sector, a year": f"/api/hcal/half-sectors/O-08N/series?quantity=temperature&{_YEAR}",
    "tower, a year": f"/api/hcal/towers/385/series?quantity=temperature&{_YEAR}",
    "status": "/api/status",
    "groups, a page": "/api/groups",
}
UNDECIMATED = f"/api/exports/rig.processed?{_YEAR}"
_SERVE = [sys.executable, "-m", "dsa_hcal_assets.web.serve"]
_WITHOUT_POOL = [
    sys.executable,
    "-c",
    ("from dsa_hcal_assets.web import context, serve\ncontext.KEPT_CONNECTIONS = 0\nserve.main()"),
]


@dataclass(frozen=True)
class Loaded:
    """Answers under load, and processor milliseconds per request of the API and of the database's server."""

    answers: Answered
    api_cpu_ms: float
    database_cpu_ms: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark as the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.api", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="less of everything, in two minutes")
    quick = parser.parse_args(arguments).quick
    record: dict[str, Any] = {"name": "api", "size": "quick" if quick else "full", "clients": CLIENTS}
    with (
        serving(detector_state_queries.SERVER) as (server, home),
        fresh_database(server, "year") as database,
    ):
        began = time.perf_counter()
        rows = len(detector_state_queries.fill(database, ROWS[quick])) * TOWERS
        api_scene.fill(database, detector_state_queries.FIRST, GROUPS[quick])
        print(f"{rows} rows of towers, {api_scene.READINGS} of the rig, {GROUPS[quick]} groups,", end=" ")
        print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)
        record |= {"rows": rows, "groups": GROUPS[quick]}
        postmaster = psutil.Process(int((home / "postgres" / "postmaster.pid").read_text().split()[0]))
        _measure(record, database.url, home, postmaster, SECONDS[quick])
    _listen(record, quick)
    usage = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    record["peak_rss_mib"] = round(max(usage) / 1024, 1)
    print(json.dumps(record))


def _measure(
    record: dict[str, Any], url: str, home: Path, postmaster: psutil.Process, seconds: float
) -> None:
    with _served(_SERVE, url, home / "ours") as (port, api):
        ours = {name: _load(port, [path], seconds, api, postmaster) for name, path in STEADY.items()}
        mixed = _load(port, list(STEADY.values()), seconds, api, postmaster)
        others = {name: one_after_the_other(port, path, REPEATS) for name, path in OTHERS.items()}
        decimated = one_after_the_other(port, STEADY["trends"], REPEATS)
        undecimated = one_after_the_other(port, UNDECIMATED, REPEATS // 4)
    with _served(_WITHOUT_POOL, url, home / "without_pool") as (port, api):
        unpooled = {name: _load(port, [path], seconds, api, postmaster) for name, path in STEADY.items()}
    _tell(ours | {"the three in turn": mixed}, unpooled)
    print("asked one after the other         median ms     bytes")
    for name, found in (others | {"a year, decimated": decimated, "a year, one by one": undecimated}).items():
        print(f"{name:32} {found.median_ms:10.2f} {found.size:9}", flush=True)
    record["p95_ms"] = {name: round(found.answers.p95_ms, 2) for name, found in ours.items()}
    record["p95_ms"]["mixed"] = round(mixed.answers.p95_ms, 2)
    record["cpu_ms"] = {name: round(found.api_cpu_ms, 2) for name, found in ours.items()}
    record["database_cpu_ms"] = {name: round(found.database_cpu_ms, 2) for name, found in ours.items()}
    record["seconds"] = {name: round(found.median_ms / 1e3, 5) for name, found in others.items()}
    cpu = {name: found.api_cpu_ms + found.database_cpu_ms for name, found in ours.items()}
    record["ratios"] = {
        f"connection_per_request.{name}": round((found.api_cpu_ms + found.database_cpu_ms) / cpu[name], 2)
        for name, found in unpooled.items()
    }
    record["ratios"]["undecimated"] = round(undecimated.median_ms / decimated.median_ms, 2)
    record["shares"] = {}


def _listen(record: dict[str, Any], quick: bool) -> None:
    """Measure clients of live data; `api_live` says how."""
    clients = api_live.CLIENTS[quick]
    found = api_live.run(clients, api_live.UPDATES[quick], api_live.QUIET_SECONDS[quick])
    for name, one in found.items():
        print(f"{clients} clients of live data, {name:10} p95 {one.p95_ms:7.1f} ms, {one.lost} updates lost")
    record["p95_ms"]["live"] = round(found["hub"].p95_ms, 2)
    record["live"] = {"clients": clients, "lost": found["hub"].lost}
    record["ratios"]["live.task_per_client"] = round(found["naive"].p95_ms / found["hub"].p95_ms, 2)


def _tell(ours: dict[str, Loaded], unpooled: dict[str, Loaded]) -> None:
    print(f"{CLIENTS} clients, a request a second  p95 ms  median ms  CPU ms  of server     bytes")
    for label, results in (("", ours), ("new connections: ", unpooled)):
        for name, found in results.items():
            answers = found.answers
            print(
                f"{label + name:32} {answers.p95_ms:6.1f} {answers.median_ms:10.2f} {found.api_cpu_ms:7.2f}"
                f" {found.database_cpu_ms:10.2f} {answers.size:9}",
                flush=True,
            )


def _load(
    port: int, paths: list[str], seconds: float, api: psutil.Process, postmaster: psutil.Process
) -> Loaded:
    for path in paths:
        one_after_the_other(port, path, 3)
    before = _cpu(api), _cpu(postmaster)
    answers = at_a_steady_rate(port, paths, CLIENTS, seconds)
    asked = len(answers.seconds)
    return Loaded(
        answers, 1e3 * (_cpu(api) - before[0]) / asked, 1e3 * (_cpu(postmaster) - before[1]) / asked
    )


def _cpu(process: psutil.Process) -> float:
    """Return the processor seconds of a process and of its children, those that ended among them."""
    total = 0.0
    for one in [process, *process.children(recursive=True)]:
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


@contextmanager
def _served(command: list[str], url: str, home: Path) -> Iterator[tuple[int, psutil.Process]]:
    """Serve the API as the services do; give its port and process."""
    home.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"STATE_DIR": str(home), "DATABASE_URL": url, "API_PORT": str(port)}
    environment = os.environ | {f"DSA_HCAL_{name}": value for name, value in settings.items()}
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _wait_for(process, port, home / "log")
            yield port, psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the API ended: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the API did not answer within a minute")


if __name__ == "__main__":
    main()
