"""kill -9 at any moment of a conversion: never a visible partial set, always a right one after the retry.

Victims are the run, which stages and publishes, and its worker process, which converts.
"""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import WorkerCrashed
from dsa_hcal_assets.products import ProductStore, Provenance
from dsa_hcal_assets.products.model import Product
from dsa_hcal_assets.workers.client import WorkerClient
from dsa_hcal_assets.workers.own_host import OwnHost
from dsa_hcal_assets_tests.radio import uvh5_files
from dsa_hcal_assets_tests.radio.conversion import pyuvdata_writer

pytestmark = pytest.mark.radio
KIND, KEY = "measurement_set", "2025-06-05T20:37:07"
CONVERT = "dsa_hcal_assets.radio.conversion.job:convert"
IN_EVERY_RUN, IN_ALL = 10, 30


def moments() -> list[tuple[str, float]]:
    """Victims, and when they are struck as a share of an undisturbed conversion's time."""
    chance = np.random.default_rng(110)
    return list(zip(["run", "worker"] * (IN_ALL // 2), chance.uniform(0, 1.05, IN_ALL).tolist(), strict=True))


def content(ms: Path) -> dict[str, bytes]:
    """All values of all tables but the history, which holds the time of writing."""
    tables = sorted(path.parent.relative_to(ms) for path in ms.rglob("table.dat"))
    return {
        f"{table}/{name}": values.tobytes() if isinstance(values, np.ndarray) else repr(values).encode()
        for table in map(str, tables)
        if table != "HISTORY"
        for name, values in pyuvdata_writer.columns(ms, "" if table == "." else table).items()
        if name != "RELEASE_DATE"
    }


@dataclass
class Conversion:
    """A group that is converted through the product store, again and again."""

    store: ProductStore
    database: Database
    host: OwnHost
    files: list[Path]
    seconds: float = 0.0

    def publish(self, store: ProductStore) -> Product:
        with store.publishing(KIND, KEY, Provenance({}, ())) as staged:
            arguments = {"files": [str(path) for path in self.files], "profile": "dsa110"}
            out = {"out": str(staged.path / "group.ms"), "ram_staging": "on"}
            WorkerClient(self.host.address()).call(
                CONVERT, {**arguments, **out}, wall_seconds=60, log=store.root.parent / "convert.log"
            )
        return staged.product

    def strike(self, victim: str, seconds: float) -> None:
        """Convert, and kill -9 the victim after `seconds`, if it still lives."""
        if victim == "run":
            self._strike_run(seconds)
        else:
            self._strike_worker(seconds)
        self._wait_for_workers()

    def _strike_run(self, seconds: float) -> None:
        child = os.fork()
        if child == 0:
            try:
                own = Database(self.database.url)
                self.publish(ProductStore(self.store.root, own))
            finally:
                # whatever happened: pytest must not go on in the child
                os._exit(0)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)

    def _strike_worker(self, seconds: float) -> None:
        with ThreadPoolExecutor(1) as thread:
            running = thread.submit(self.publish, self.store)
            time.sleep(seconds)
            struck = [job.kill() for job in psutil.Process(self.host.pid).children()]
            error = running.exception(timeout=60)
        assert error is None or (struck and isinstance(error, WorkerCrashed)), error

    def _wait_for_workers(self) -> None:
        """A run that is gone takes its worker with it; the host sees to that."""
        gone, alive = psutil.wait_procs(psutil.Process(self.host.pid).children(), timeout=20)
        assert not alive, f"{alive} work for nobody; {len(gone)} ended"


@pytest.fixture
def conversion(tmp_path: Path, database: Database, worker_host: OwnHost) -> Conversion:
    files = uvh5_files.write_group(tmp_path, range(2), channels=8, integrations=3, antennas=5)
    (tmp_path / "products").mkdir()
    worker_host.address()
    return Conversion(ProductStore(tmp_path / "products", database), database, worker_host, files)


@pytest.mark.parametrize(
    "struck",
    [
        pytest.param(moments()[:IN_EVERY_RUN], id="ten moments"),
        pytest.param(moments()[IN_EVERY_RUN:], id="twenty more", marks=pytest.mark.verify),
    ],
)
def test_killed_at_any_moment_it_leaves_nothing_visible_and_the_retry_is_right(conversion, struck):
    store = conversion.store
    conversion.publish(store)  # imports are done
    begun = time.monotonic()
    reference = content(conversion.publish(store).path / "group.ms")
    duration = time.monotonic() - begun
    assert {"./DATA", "./UVW", "ANTENNA/POSITION", "FIELD/PHASE_DIR", "SPECTRAL_WINDOW/CHAN_FREQ"} <= set(
        reference
    )

    for victim, share in struck:
        conversion.strike(victim, share * duration)
        store.reconcile()
        versions = store.versions(KIND, KEY)
        assert {path.parent for path in store.root.rglob("*.ms")} == {version.path for version in versions}
        store.verify(versions[-1])
        retried = conversion.publish(store)
        assert content(retried.path / "group.ms") == reference, f"{victim} killed after {share:.3f}"

    store.reconcile()
    assert [path for path in (store.root / ".staging").rglob("*") if path.is_file()] == []
    assert len(store.versions(KIND, KEY)) >= 2 + len(struck)
