"""Snapshots from landing to report, through sensor and assets, on a real database."""

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.hcal.snapshots import due, ingest
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration import hcal
from dsa_hcal_assets.orchestration.hcal.sensor import hcal_sensor, look, work_of_days
from dsa_hcal_assets.orchestration.partitions import DAYS, RUNS
from dsa_hcal_assets.quality.store import latest
from dsa_hcal_assets.quality.verdicts import Level
from dsa_hcal_assets.simulation.boards.physics import BOARDS
from dsa_hcal_assets_tests.hcal import detector
from dsa_hcal_assets_tests.hcal.detector import DAY, snapshot


def land(installation: Installation, *snapshots: Any) -> list[Path]:
    return detector.land(installation.settings.incoming / "hcal", *snapshots)


def run_day(installation: Installation, instance: dg.DagsterInstance, **options: Any) -> Any:
    return dg.materialize(
        list(hcal.ASSETS),
        selection=dg.AssetSelection.groups("hcal"),
        partition_key=DAY,
        resources={"installation": installation},
        instance=instance,
        **options,
    )


def test_landed_snapshots_become_towers_rollups_and_a_report(
    installation: Installation, instance: dg.DagsterInstance
) -> None:
    land(installation, snapshot(0, down={"91"}), snapshot(1))
    assert [(work.partition, work.note[:11]) for work in look(installation)] == [(DAY, "2 snapshots")]
    assert run_day(installation, instance).success

    assert installation.database.rows(
        "select ts, count(*), count(distinct tower_id) from hcal.tower_reading group by ts order by ts"
    ) == [(detector.cycle(0), 2880, 2880), (detector.cycle(1), 3072, 3072)]
    report = installation.products.require_passed("detector_qa_report", DAY).path
    assert "board 91 did not answer" in (report / "report.html").read_text()
    assert (report / "temperature_OHCal.png").stat().st_size > 10_000
    assert installation.database.rows("select level from hcal.snapshot order by cycle") == [
        ("warn",),
        ("pass",),
    ]
    assert look(installation) == []

    boards = installation.products.require_passed("board_state", DAY)
    levels = {verdict.metric: verdict.level for verdict in latest(installation.database, boards.product_id)}
    assert levels["readings_ok"] is Level.WARN
    assert levels["boards_unread"] is Level.PASS

    # what a person starts again is loaded again from the files, and comes out the same
    assert run_day(installation, instance).success
    versions = {one.version: one.checksum for one in installation.products.versions("tower_state", DAY)}
    assert versions[1] == versions[2]


def test_a_day_with_nothing_usable_stops_at_its_gate(
    installation: Installation, instance: dg.DagsterInstance
) -> None:
    [path] = land(installation, snapshot(0))
    look(installation)
    path.write_bytes(b"nonsense")
    result = run_day(installation, instance, raise_on_error=False)
    assert not result.success
    done = {event.asset_key.to_user_string() for event in result.get_asset_materialization_events()}
    assert done == {"hcal_snapshots"}
    failed = {check.check_name for check in result.get_asset_check_evaluations() if not check.passed}
    assert failed == {"accepted", "quarantined"}


def test_a_day_stopped_by_a_gate_is_not_asked_for_again(
    installation: Installation, instance: dg.DagsterInstance
) -> None:
    land(installation, snapshot(0, down=BOARDS))
    look(installation)
    result = run_day(installation, instance, raise_on_error=False)
    done = {event.asset_key.to_user_string() for event in result.get_asset_materialization_events()}
    assert "half_sector_rollup" not in done
    assert due.due_days(installation.database, installation.ledger, "hcal", abandoned=timedelta(0)) == []


def test_work_cut_after_loading_is_found_again(
    installation: Installation, instance: dg.DagsterInstance
) -> None:
    land(installation, snapshot(0))
    look(installation)
    only_loaded = dg.materialize(
        list(hcal.ASSETS),
        selection=["hcal_snapshots"],
        partition_key=DAY,
        resources={"installation": installation},
        instance=instance,
    )
    assert only_loaded.success
    # at once it still belongs to the run that loaded it
    assert look(installation) == []
    [again] = due.due_days(installation.database, installation.ledger, "hcal", abandoned=timedelta(0))
    assert again.day == DAY


def test_the_sensor_takes_all_pending_snapshots_of_a_day_in_one_run(
    installation: Installation, instance: dg.DagsterInstance
) -> None:
    land(installation, *(snapshot(number) for number in range(3)))
    context = dg.build_sensor_context(instance=instance, resources={"installation": installation})
    result: Any = hcal_sensor(context)
    [request] = result.run_requests
    assert request.partition_key == DAY
    assert request.tags["dsa_hcal/work"].startswith("3 snapshots")


def test_after_an_outage_what_is_taken_now_is_asked_for_first_and_the_rest_from_its_oldest_day(
    installation: Installation, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dsa_hcal_assets.hcal.snapshots.ingest.scan", partial(ingest.scan, limit=3))
    missed = [detector.START + timedelta(days=day) for day in range(3)]
    now = utc_now()
    land(installation, *(snapshot(0, moment=moment) for moment in (*missed, now)))

    def asked() -> list[str]:
        context = dg.build_sensor_context(instance=instance, resources={"installation": installation})
        result: Any = hcal_sensor(context)
        return [request.partition_key for request in result.run_requests]

    days = [moment.date().isoformat() for moment in missed]
    today = now.date().isoformat()
    assert asked() == [today, *days[:2]]
    assert asked() == [today, *days]


def test_today_is_live_and_so_is_yesterday_for_an_hour_after_midnight() -> None:
    days = [due.DueDay(day, "1", "") for day in ("2026-11-19", "2026-11-20", "2026-11-21")]
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    assert [work.live for work in work_of_days(days, midnight + timedelta(minutes=59))] == [False, True, True]
    assert [work.live for work in work_of_days(days, midnight + timedelta(hours=2))] == [False, False, True]


@pytest.mark.parametrize("asset", hcal.ASSETS, ids=lambda asset: asset.key.to_user_string())
def test_every_asset_has_checks_and_belongs_to_the_days_or_runs(asset: dg.AssetsDefinition) -> None:
    assert list(asset.check_specs)
    runs = asset.key.to_user_string() in ("led_runs", "pedestal_runs")
    assert asset.partitions_def == (RUNS if runs else DAYS)
