"""A backfill over several days, launched as the Dagster UI launches one, makes everything anew."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dsa_hcal_assets.demo.expectations import HCAL, RIG
from dsa_hcal_assets.products.store import ProductStore
from dsa_hcal_assets.rig.acquisition import acquire
from dsa_hcal_assets.services import Stack
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.rig import RigSettings
from dsa_hcal_assets.simulation.rig import simulate
from dsa_hcal_assets_tests.end_to_end import custody
from dsa_hcal_assets_tests.end_to_end.running import Running
from dsa_hcal_assets_tests.hcal import detector

pytestmark = [pytest.mark.services, pytest.mark.verify, pytest.mark.timeout(600)]

FIRST = datetime(2025, 6, 5, tzinfo=UTC)
DAYS = ["2025-06-05", "2025-06-06"]
UNFINISHED = ["NOT_STARTED", "QUEUED", "STARTING", "STARTED"]
DONE = ("COMPLETED", "COMPLETED_SUCCESS")
LAUNCH = """mutation($params: LaunchBackfillParams!) {launchPartitionBackfill(backfillParams: $params) {
  __typename ... on LaunchBackfillSuccess {backfillId} ... on PythonError {message}}}"""
STATUS = """query($id: String!) {partitionBackfillOrError(backfillId: $id) {
  ... on PartitionBackfill {status numPartitions} ... on PythonError {message}}}"""


class Platform:
    """A platform whose sensors have processed two days of the rig and of the detector."""

    def __init__(self, settings: Settings) -> None:
        self.running = Running(settings.state_dir)
        self.before: dict[str, object] = {}
        self.products = ProductStore(settings.products, self.running.database())

    def idle(self) -> bool:
        made = all(self.products.current(kind, day) for kind in (*RIG, *HCAL) for day in DAYS)
        return made and not self.running.runs(statuses=UNFINISHED)

    def backfill(self, assets: tuple[str, ...], days: list[str]) -> str:
        params = {"assetSelection": [{"path": [name]} for name in assets], "partitionNames": days, "tags": []}
        launched = self.running.ask(LAUNCH, {"params": params})["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        return str(launched["backfillId"])

    def await_success(self, *backfills: str) -> None:
        def status(backfill: str) -> str:
            try:
                found = self.running.ask(STATUS, {"id": backfill})["partitionBackfillOrError"]
            except OSError:
                return "unknown"
            assert found["status"] not in ("FAILED", "COMPLETED_FAILED", "CANCELED"), found
            return str(found["status"])

        for backfill in backfills:
            self.running.until(
                lambda backfill=backfill: status(backfill) in DONE, 240, f"backfill {backfill}", every=1
            )

    def checksums(self, kind: str, day: str) -> list[str]:
        return [product.checksum for product in self.products.versions(kind, day)]


@pytest.fixture(scope="module")
def platform(passable_directory: Path) -> Iterator[Platform]:
    settings = Settings(
        state_dir=passable_directory / "backfill",
        api_port=0,
        webserver_port=0,
        database_port=0,
        rig=RigSettings(settle_seconds=0.5),
    )
    with Stack(settings, without=["api", "casa"]):
        acquire(simulate(FIRST, rows=2 * 240), settings.incoming / "rig")
        moments = [FIRST + timedelta(hours=hours) for hours in (1, 2, 25, 26)]
        detector.land(
            settings.incoming / "hcal",
            *(detector.snapshot(number, moment=moment) for number, moment in enumerate(moments)),
        )
        platform = Platform(settings)
        platform.running.until(platform.idle, 240, "sensors have taken both days through", every=1)
        platform.before = _state(platform)
        platform.await_success(platform.backfill(RIG, DAYS), platform.backfill(HCAL, DAYS))
        yield platform
        platform.running.close()


def _state(platform: Platform) -> dict[str, object]:
    """Return what the tables hold, without who wrote it and when."""
    running = platform.running
    return {
        "readings": running.rows("select read_at, temperature, pressure from rig.reading order by read_at"),
        "key figures": running.rows(
            "select day, avg_temp, alert_count, total_records from rig.kpi order by day"
        ),
        "towers": running.rows("select count(*), sum(temperature::numeric) from hcal.tower_reading"),
        "ledger": running.rows("select name, state from platform.arrival order by name"),
    }


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("kind", [*RIG, *HCAL])
def test_every_product_has_one_new_version_that_passed(platform: Platform, kind: str, day: str):
    versions = platform.products.versions(kind, day)
    current = platform.products.require_passed(kind, day)
    assert current.version == max(one.version for one in versions)
    before, after = versions[-2:]
    assert before.provenance.run_id != after.provenance.run_id


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("kind", ["rig_readings", "rig_clean", "tower_state", "board_state"])
def test_unchanged_input_gives_an_equal_checksum(platform: Platform, kind: str, day: str):
    assert len(set(platform.checksums(kind, day)[-2:])) == 1


def test_a_backfill_changes_no_table(platform: Platform):
    assert _state(platform) == platform.before
    custody.assert_snapshots_whole(platform.running.database())


def test_the_runs_of_a_backfill_are_those_of_the_days(platform: Platform):
    runs = [run for run in platform.running.runs(statuses=["SUCCESS"]) if "dagster/backfill" in run.tags]
    assert sorted((run.partition, "rig_clean" in run.steps) for run in runs) == [
        (day, rig) for day in DAYS for rig in (False, True)
    ]
