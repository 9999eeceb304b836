"""One run of the demo in which everything that can be killed is killed once; nothing is lost or doubled."""

import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.embedded import EmbeddedServer
from dsa_hcal_assets.demo.expectations import HCAL, RADIO, RIG
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.snapshots import ingest
from dsa_hcal_assets.hcal.snapshots.source import SUFFIX
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.orchestration.lost import PARTITION_TAG
from dsa_hcal_assets.products.model import Product
from dsa_hcal_assets.products.store import ProductStore
from dsa_hcal_assets.services.environment import service_environment
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets_tests.end_to_end import custody
from dsa_hcal_assets_tests.end_to_end.running import Run, Running, kill
from dsa_hcal_assets_tests.web.pages.browsing import PAGES, chromium, faults, opened
from dsa_hcal_assets_tests.web.serving import served

pytestmark = [pytest.mark.services, pytest.mark.radio, pytest.mark.timeout(1500)]

MINUTES = 20
VLA, DSA = "1995-04-13T09:18:31", "2025-06-05T20:37:07"
RUNS = """
select create_timestamp::text, status, key, value from dagster.runs join dagster.run_tags using (run_id)
 where key in (%s, 'dsa_hcal/work', 'dagster/retry_number') order by 1, 3
"""
SHOWN_OF_THE_DEMO = {
    "/dashboard": {"#images img": 2, "#groups tbody tr": 2, "#incoming .source": 3, "#rig .figure": 4},
    "/dashboard/hcal": {".tile": 128, "#lights tbody tr": 8, "canvas.heat": 4},
    "/dashboard/hcal/expert": {".series-chart canvas": 4},
    "/dashboard/rig": {".series-chart canvas": 3, "#kpis .figure": 6},
    "/": {"tbody tr": 4},
}
"""Parts of pages, and how many of them there are at least."""
SUMMARY_ROWS = 2 * len(RADIO) + len(HCAL) + len(RIG)


class Killer:
    """Waits for the right moment of each victim and ends it with SIGKILL, once.

    A moment is a function that returns the process to end, or None while it is not the time.
    """

    def __init__(self, state: Path) -> None:
        self.running = Running(state)
        self.incoming = state / "incoming" / "hcal"
        self.killed: dict[str, int] = {}
        self.runs: dict[str, Run] = {}
        self.moments: dict[str, Callable[[], int | None]] = {
            "acquisition": self._acquisition,
            "detector run": self._detector_run,
            "conversion": self._conversion,
            "code-server": self._code_server,
            "daemon": self._daemon,
        }

    def step(self) -> None:
        for name in [name for name in self.moments if name not in self.killed]:
            pid = self.moments[name]()
            if pid is not None:
                kill(pid)
                self.killed[name] = pid

    def _acquisition(self) -> int | None:
        several = len(list(self.incoming.glob(f"*{SUFFIX}"))) >= 2
        return self.running.pid("acquisition") if several else None

    def _detector_run(self) -> int | None:
        return self._worker("detector run", "hcal_day", "hcal_snapshots", "tower_state", "sector_rollup")

    def _conversion(self) -> int | None:
        """In the middle of writing: part of a Measurement Set lies in staging."""
        products = self.running.state / "products"
        if not list(products.glob(".staging/*/visibilities.ms/table.dat")):
            return None
        return self._worker("conversion", "radio_group", "measurement_set")

    def _code_server(self) -> int | None:
        """With the conversion: its run is found dead while nobody can say how to retry it."""
        return self.running.pid("code-server") if "conversion" in self.killed else None

    def _daemon(self) -> int | None:
        """When the code server is back and a run is at work."""
        before = self.killed.get("code-server")
        back = before is not None and self.running.pid("code-server") not in (None, before)
        busy = back and any(run.at("measurement_set", "flags") for run in self.running.started("radio_group"))
        return self.running.pid("daemon") if busy else None

    def _worker(self, name: str, job: str, *steps: str) -> int | None:
        for run in self.running.started(job):
            worker = run.worker
            if run.at(*steps) and worker is not None:
                self.runs[name] = run
                return worker.pid
        return None


@dataclass(frozen=True)
class Done:
    """A demo that has ended, with its database up again for whoever wants to look."""

    state: Path
    code: int
    output: str
    killer: Killer
    left: list[str]
    database: Database

    @property
    def incoming(self) -> Path:
        return self.state / "incoming" / "hcal"

    @property
    def products(self) -> ProductStore:
        return ProductStore(self.state / "products", self.database)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.database, self.state / "quarantine")


@pytest.fixture(scope="module")
def demo(passable_directory: Path) -> Iterator[Done]:
    state = passable_directory / "demo"
    killer, output = Killer(state), passable_directory / "demo.txt"
    command = [str(Path(sysconfig.get_path("scripts")) / "dsa-hcal"), "demo", "--exit"]
    with output.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--state-dir", str(state), "--minutes", str(MINUTES)],
            stdout=file,
            stderr=file,
            stdin=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if not name.startswith("DSA_HCAL_")},
        )
        try:
            while process.poll() is None:
                killer.step()
                time.sleep(0.3)
        finally:
            process.terminate()
            process.wait(180)
    text = output.read_text()
    sys.stdout.write(text)
    left = custody.processes_of(state)
    with EmbeddedServer(state / "postgres", 0) as server:
        database = Database(server.url())
        for row in database.rows(RUNS, (PARTITION_TAG,)):
            sys.stdout.write(f"{row}\n")
        yield Done(state, process.returncode, text, killer, left, database)
        database.close()


def test_everything_was_killed_once_and_the_demo_still_completed(demo: Done):
    assert set(demo.killer.killed) == set(demo.killer.moments)
    assert demo.code == 0


def test_nothing_of_the_platform_is_left_alive(demo: Done):
    assert demo.left == []


def test_the_summary_names_every_product_with_verdict_seconds_and_link(demo: Done):
    rows = [line.split("│")[1:-1] for line in demo.output.splitlines() if line.startswith("│")]
    assert len(rows) == SUMMARY_ROWS
    for kind, partition, verdict, seconds, link in rows:
        assert verdict.strip() in ("passed", "warning"), kind
        assert float(seconds) > 0, (kind, partition)
        assert link.strip().startswith("http://127.0.0.1:"), kind
    assert "Every product passed its blocking checks." in demo.output


def test_every_expected_product_exists_and_passed_its_gates(demo: Done):
    partitions = {VLA: RADIO, DSA: RADIO, _day(demo, "rig_kpis"): RIG, _day(demo, "sector_rollup"): HCAL}
    for partition, kinds in partitions.items():
        for kind in kinds:
            product = demo.products.require_passed(kind, partition)
            assert product.path.is_dir()
            assert _verdicts(demo, product) > 0, product.name


def test_no_half_written_product_lies_under_its_final_name(demo: Done):
    custody.assert_products_whole(demo.database, demo.state / "products")


def test_staging_of_dead_processes_is_removed_by_reconcile(demo: Done):
    reconciled = demo.products.reconcile()
    assert custody.staged(demo.state / "products") == []
    assert not reconciled.registered
    assert not reconciled.missing
    assert not reconciled.damaged


def test_every_snapshot_is_whole_and_in_the_ledger_exactly_once(demo: Done):
    # what landed while everything was being stopped is taken in now, as the next start would
    late = ingest.scan(demo.incoming, demo.ledger, CONTROLLERS)
    assert not late.duplicates
    assert not late.conflicts
    custody.assert_each_file_once(demo.database, demo.incoming)
    custody.assert_balance(demo.ledger)
    assert custody.assert_snapshots_whole(demo.database) > 2
    assert custody.assert_no_cycle_lost(demo.incoming) == 2, "one acquisition before, one after the kill"


@pytest.mark.parametrize("victim", ["conversion", "detector run"])
def test_the_run_of_a_killed_worker_failed_and_its_work_was_done_by_another(demo: Done, victim: str):
    killed = demo.killer.runs[victim]
    rows = demo.database.rows(
        "select run_id, status from dagster.runs where run_id in"
        " (select run_id from dagster.run_tags where key = %s and value = %s)",
        (PARTITION_TAG, killed.tags[PARTITION_TAG]),
    )
    statuses = dict(rows)
    assert statuses.pop(killed.run_id) == "FAILURE"
    assert "SUCCESS" in statuses.values()


def test_the_next_start_leaves_no_run_as_if_it_were_at_work(demo: Done):
    """A detector run may be cut by the end of the demo; `prepare` is what every start begins with."""
    environment = service_environment(Settings(state_dir=demo.state), demo.database.url)
    command = [sys.executable, "-m", "dsa_hcal_assets.services.prepare"]
    subprocess.run(command, env=environment, check=True, timeout=120)
    at_work = "select run_id from dagster.runs where status in ('STARTED', 'STARTING', 'CANCELING')"
    assert demo.database.rows(at_work) == []


@pytest.mark.browser
def test_every_page_shows_what_the_demo_made(demo: Done):
    settings = Settings(state_dir=demo.state, database_url=demo.database.url)
    with served(settings) as port, chromium() as browser:
        for address in PAGES:
            with opened(browser) as tab:
                page = tab.go(f"http://127.0.0.1:{port}{address}")
                expect(page.locator(".notice.error")).to_have_count(0)
                assert faults(page) == [], address
                for place, least in SHOWN_OF_THE_DEMO.get(address, {}).items():
                    assert page.locator(place).count() >= least, (address, place)
                assert tab.complaints == [], address


def _day(demo: Done, kind: str) -> str:
    # the demo's days are those of its start; by the time of this test it may be tomorrow
    return min(
        key
        for (key,) in demo.database.rows(
            "select distinct partition from platform.product where kind = %s", (kind,)
        )
    )


def _verdicts(demo: Done, product: Product) -> int:
    return int(
        demo.database.rows(
            "select count(*) from platform.latest_verdict where product_id = %s", (product.product_id,)
        )[0][0]
    )
