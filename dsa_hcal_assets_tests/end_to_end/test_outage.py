"""The database, then everything, goes away while the detector is read; nothing is lost or loaded twice.

The tests are chapters of one story: they share a platform that polls simulated boards every few
seconds, and each begins where the one before ended.
"""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.embedded import EmbeddedServer
from dsa_hcal_assets.demo.boards import simulated_boards
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.snapshots import ingest
from dsa_hcal_assets.hcal.snapshots.source import SUFFIX
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.products.store import ProductStore
from dsa_hcal_assets.services import Stack
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.hcal import HcalSettings
from dsa_hcal_assets_tests.end_to_end import custody
from dsa_hcal_assets_tests.end_to_end.running import Run, Running, kill

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]

POLL_SECONDS = 4.0
MUTE_SECONDS = 15.0
LOADED = "select name from platform.arrival where source = 'hcal' and state = 'loaded'"


class Detector:
    """A platform that acquires."""

    def __init__(self, state: Path, boards: Path) -> None:
        self.settings = Settings(
            state_dir=state,
            api_port=0,
            webserver_port=0,
            database_port=0,
            hcal=HcalSettings(boards_file=boards, poll_seconds=POLL_SECONDS),
        )
        self.running = Running(state)
        self.stack = Stack(self.settings, without=["api", "casa"])
        self.incoming = self.settings.incoming / "hcal"
        self.starts = 0

    def start(self) -> None:
        self.starts += 1
        self.stack.start()
        self.stack.wait_ready(240)

    def files(self) -> set[str]:
        return {path.name for path in self.incoming.glob(f"*{SUFFIX}")}

    def loaded(self) -> set[str]:
        return {name for (name,) in self.running.rows(LOADED)}

    def await_loaded(self, names: set[str], seconds: float = 180) -> None:
        self.running.until(lambda: names <= self.loaded(), seconds, f"{len(names)} snapshots are loaded")


@pytest.fixture(scope="module")
def platform(passable_directory: Path) -> Iterator[Detector]:
    with simulated_boards(passable_directory / "boards") as boards:
        platform = Detector(passable_directory / "outage", boards)
        platform.start()
        yield platform
        platform.running.close()
        platform.stack.stop()


@pytest.fixture(scope="module")
def stopped(platform: Detector) -> Iterator[Database]:
    """The database of the platform after its orderly end."""
    platform.stack.stop()
    with EmbeddedServer(platform.settings.state_dir / "postgres", 0) as server:
        database = Database(server.url())
        yield database
        database.close()


def test_a_database_that_is_mute_and_then_dies_delays_snapshots_and_loses_none(platform: Detector):
    platform.running.until(lambda: len(platform.loaded()) >= 2, 120, "the first snapshots are loaded")
    acquisition = platform.running.pid("acquisition")
    before = platform.files()
    postmaster = platform.running.pid("database")
    family = [psutil.Process(postmaster), *psutil.Process(postmaster).children(recursive=True)]
    for process in family:
        process.send_signal(signal.SIGSTOP)
    time.sleep(MUTE_SECONDS)
    kill(postmaster)
    platform.running.until(
        lambda: platform.running.pid("database") not in (None, postmaster), 60, "a new database serves"
    )
    during = platform.files() - before
    assert len(during) >= MUTE_SECONDS / POLL_SECONDS - 1, "the acquisition does not need the database"
    platform.await_loaded(before | during)
    assert platform.running.pid("acquisition") == acquisition
    assert custody.assert_no_cycle_lost(platform.incoming) == 1
    platform.running.until(lambda: platform.stack.status().ready, 120, "every service is ready again")


# in `make test` the services' own suite does so with a small platform
@pytest.mark.verify
def test_everything_killed_in_the_middle_of_a_run_converges_by_starting_again(platform: Detector):
    found: list[Run] = []

    def at_work() -> bool:
        found[:] = [run for run in platform.running.started("hcal_day") if run.worker and run.at(*run.steps)]
        return bool(found)

    platform.running.until(at_work, 120, "a detector run is at work")
    kill(platform.stack.pid)
    state = platform.settings.state_dir
    platform.running.until(lambda: not custody.processes_of(state), 30, "no process outlives the supervisor")
    before = platform.files()
    platform.start()
    statuses = (
        "select run_id, status from dagster.runs where run_id = %(run)s or run_id in (select run_id"
        " from dagster.run_tags where key = 'dagster/root_run_id' and value = %(root)s)"
    )

    def finished() -> bool:
        ends = dict(platform.running.rows(statuses, {"run": found[0].run_id, "root": found[0].root}))
        return ends.get(found[0].run_id) == "FAILURE" and "SUCCESS" in ends.values()

    platform.running.until(finished, 300, "the unfinished run is ended and its work done by another")
    platform.await_loaded(before)
    new = platform.files() - before
    platform.await_loaded(new)


def test_at_the_end_every_file_is_loaded_or_pending_exactly_once(platform: Detector, stopped: Database):
    ledger = Ledger(stopped, platform.settings.quarantine)
    ingest.scan(platform.incoming, ledger, CONTROLLERS)
    custody.assert_each_file_once(stopped, platform.incoming)
    custody.assert_balance(ledger)
    assert custody.assert_snapshots_whole(stopped) >= 6
    assert custody.assert_no_cycle_lost(platform.incoming) == platform.starts


def test_at_the_end_every_product_is_whole_and_nothing_is_staged(platform: Detector, stopped: Database):
    ProductStore(platform.settings.products, stopped).reconcile()
    custody.assert_products_whole(stopped, platform.settings.products)
    assert custody.staged(platform.settings.products) == []


def test_at_the_end_no_process_is_left(platform: Detector, stopped: Database):
    own = str(platform.settings.state_dir / "postgres")
    assert [line for line in custody.processes_of(platform.settings.state_dir) if own not in line] == []
