"""The detector's assets. Partition: UTC day."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from dsa_hcal_assets.orchestration.partitions import DAYS
from dsa_hcal_assets.orchestration.stage import Outcome, StageRun, stage_asset

if TYPE_CHECKING:
    from dsa_hcal_assets.hcal.readers import Rollup
    from dsa_hcal_assets.hcal.rollup_metrics import Stage


@stage_asset(group="hcal", partitions=DAYS, kinds={"postgres"})
def hcal_snapshots(run: StageRun) -> dg.MaterializeResult[Any]:
    """Snapshots of the day in PostgreSQL (`hcal.tower_reading`, `hcal.board_reading`), each judged.

    Loads what is pending. With nothing pending, or when the channel map says something else of the day
    than it did when it was loaded, the day is loaded again from its files.
    """
    from dsa_hcal_assets.hcal import quality_metrics, readers, verdicts
    from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
    from dsa_hcal_assets.hcal.days import bounds
    from dsa_hcal_assets.hcal.mapping import channel_map, consistency, dimensions, replay
    from dsa_hcal_assets.hcal.snapshots import ingest
    from dsa_hcal_assets.hcal.towers import loading

    database, ledger, settings = (
        run.installation.database,
        run.installation.ledger,
        run.installation.settings.hcal,
    )
    mapping = channel_map.load_channel_map(settings.channel_map_file)
    dimensions.sync_dimensions(database, mapping, local_zone=settings.local_zone)
    again = not ledger.pending(CONTROLLERS.name, run.partition) or bool(
        replay.affected_days(database, mapping, *bounds(run.partition))
    )
    report = loading.load_day(database, ledger, run.partition, mapping, run.run_id, everything=again)
    verdicts.judge_snapshots(database, run.partition, run.installation.thresholds)

    def make(place: Path) -> Outcome:
        readers.snapshots(database, run.partition).to_csv(place / "snapshots.csv", index=False)
        facts = {"load": report.summary(), "boards not in the map": ", ".join(report.rejected_boards)}
        metrics = quality_metrics.arrival_metrics(ledger, run.partition)
        metrics.append(consistency.plausibility_metric(mapping, run.partition))
        return Outcome(metrics, facts=facts)

    return _publish(
        run,
        make,
        inputs=ingest.day_inputs(ledger, CONTROLLERS, run.partition),
        parameters={"channel_map": mapping.digest},
    )


@stage_asset(group="hcal", partitions=DAYS, deps=["hcal_snapshots"], kinds={"postgres", "parquet"})
def tower_state(run: StageRun) -> dg.MaterializeResult[Any]:
    """State of the 3072 towers: the day's summary of each tower, and the newest snapshot."""
    from dsa_hcal_assets.hcal import quality_metrics, readers
    from dsa_hcal_assets.hcal.report import towers as pictures

    source, database = run.input("hcal_snapshots"), run.installation.database
    allowed = quality_metrics.temperature_range(run.installation.thresholds)
    towers = readers.towers_of_day(database, run.partition)

    def make(place: Path) -> Outcome:
        towers.to_parquet(place / "towers.parquet", index=False)
        readers.newest_state(database, run.partition).to_parquet(place / "newest.parquet", index=False)
        metrics = quality_metrics.tower_metrics(database, run.partition, allowed)
        return Outcome(metrics, figures=pictures.temperature_figures(towers, allowed))

    return _publish(run, make, inputs=[source])


@stage_asset(group="hcal", partitions=DAYS, deps=["hcal_snapshots"], kinds={"postgres"})
def board_state(run: StageRun) -> dg.MaterializeResult[Any]:
    """State of the 16 controllers in each snapshot of the day, with what went wrong."""
    from dsa_hcal_assets.hcal import quality_metrics, readers

    source, database = run.input("hcal_snapshots"), run.installation.database

    def make(place: Path) -> Outcome:
        readers.board_health(database, run.partition).to_csv(place / "boards.csv", index=False)
        return Outcome(quality_metrics.board_metrics(database, run.partition))

    return _publish(run, make, inputs=[source])


@stage_asset(
    group="hcal", partitions=DAYS, deps=["tower_state", "board_state"], kinds={"postgres", "parquet"}
)
def half_sector_rollup(run: StageRun) -> dg.MaterializeResult[Any]:
    """Hourly and daily statistics of the 128 half-sectors (`hcal.half_sector_hour`, `_day`)."""
    return _rollup(run, "half_sector_rollup", ("half_sector_hour", "half_sector_day"))


@stage_asset(
    group="hcal", partitions=DAYS, deps=["tower_state", "board_state"], kinds={"postgres", "parquet"}
)
def sector_rollup(run: StageRun) -> dg.MaterializeResult[Any]:
    """Hourly and daily statistics of the 64 sectors (`hcal.sector_hour`, `hcal.sector_day`)."""
    return _rollup(run, "sector_rollup", ("sector_hour", "sector_day"))


@stage_asset(
    group="hcal",
    partitions=DAYS,
    deps=["half_sector_rollup", "sector_rollup"],
    kinds={"postgres"},
    stop_run=False,  # the report has to show a bad day; corrections ask for this product and are refused
)
def detector_anomalies(run: StageRun) -> dg.MaterializeResult[Any]:
    """What was out of order on the day (`hcal.anomaly`), what is missing, and whether to build on it."""
    from dsa_hcal_assets.clock import utc_now
    from dsa_hcal_assets.hcal import coverage
    from dsa_hcal_assets.hcal.anomalies import detection, metrics, readers, telling

    sources = [run.input(kind) for kind in ("half_sector_rollup", "sector_rollup")]
    database = run.installation.database
    looked = detection.refresh(database, run.partition, run.installation.thresholds)
    due, over = telling.tell(database, run.installation.tell, utc_now())

    def make(place: Path) -> Outcome:
        readers.anomalies_of_day(database, run.partition).to_csv(place / "anomalies.csv", index=False)
        coverage.gaps_of_day(database, run.partition).to_csv(place / "gaps.csv", index=False)
        facts = {"days looked at": ", ".join(looked.found), "alerts due": due, "troubles over": over}
        return Outcome(metrics.anomaly_metrics(database, run.partition), facts=facts)

    return _publish(run, make, inputs=sources)


@stage_asset(
    group="hcal",
    partitions=DAYS,
    deps=["half_sector_rollup", "sector_rollup", "detector_anomalies"],
    kinds={"html", "matplotlib"},
)
def detector_qa_report(run: StageRun) -> dg.MaterializeResult[Any]:
    """QA report of the day: what was wrong, what is missing, maps, sectors, boards, supplies, every check."""
    from dsa_hcal_assets.hcal.report.page import build_report

    parts = run.installation
    sources = [run.input(kind) for kind in ("half_sector_rollup", "sector_rollup")]

    def make(place: Path) -> Outcome:
        page = build_report(
            parts.database, parts.ledger, run.partition, parts.thresholds, run.provenance(sources)
        )
        page.write(place)
        return Outcome(page.metrics())

    return _publish(run, make, inputs=sources)


def _rollup(run: StageRun, stage: "Stage", tables: "Sequence[Rollup]") -> dg.MaterializeResult[Any]:
    from dsa_hcal_assets.hcal import readers, rollup_metrics, rollups
    from dsa_hcal_assets.hcal.report import page

    sources = [run.input("tower_state"), run.input("board_state")]
    database = run.installation.database
    done = rollups.refresh(database, run.partition)

    def make(place: Path) -> Outcome:
        for table in tables:
            readers.rollup_of_day(database, table, run.partition).to_parquet(
                place / f"{table}.parquet", index=False
            )
        hours = readers.rollup_of_day(database, "half_sector_hour", run.partition)
        return Outcome(
            rollup_metrics.rollup_metrics(database, run.partition, stage),
            figures=page.strip_figures(hours),
            facts={"hours recomputed": len(done.hours)},
        )

    return _publish(run, make, inputs=sources)


def _publish(run: StageRun, make: Callable[[Path], Outcome], **options: Any) -> dg.MaterializeResult[Any]:
    """Publish the product; a day that is reported, or stopped by a gate, is no longer due."""
    from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
    from dsa_hcal_assets.hcal.snapshots import due

    database = run.installation.database
    loaded = due.marked_at(database, CONTROLLERS.name, run.partition)
    result = run.publish(make, **options)
    checks = result.check_results or ()
    stopped = any(check.severity is dg.AssetCheckSeverity.ERROR and not check.passed for check in checks)
    if stopped or run.name == "detector_qa_report":
        due.reported(database, CONTROLLERS.name, run.partition, loaded)
    return result
