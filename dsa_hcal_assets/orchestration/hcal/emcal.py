"""The electromagnetic calorimeter on the lineage graph: one asset a UTC day, its job and its sensor."""

from pathlib import Path
from typing import Any

import dagster as dg

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.asked import Work
from dsa_hcal_assets.orchestration.hcal.sensor import landed
from dsa_hcal_assets.orchestration.incoming import incoming_sensor
from dsa_hcal_assets.orchestration.partitions import DAYS
from dsa_hcal_assets.orchestration.stage import Outcome, StageRun, stage_asset


@stage_asset(group="hcal_emcal", partitions=DAYS, kinds={"postgres", "parquet"})
def emcal_state(run: StageRun) -> dg.MaterializeResult[Any]:
    """State of the 24,576 EMCal towers and 384 interface boards (`hcal.emcal_reading`, ...).

    Loads what is pending; with nothing pending, the day is loaded again from its files.
    """
    from dsa_hcal_assets.hcal import quality_metrics as arrivals
    from dsa_hcal_assets.hcal.emcal import maps, quality_metrics, readers, tables
    from dsa_hcal_assets.hcal.emcal.snapshot import EMCAL
    from dsa_hcal_assets.hcal.snapshots import due, ingest
    from dsa_hcal_assets.quality import figures
    from dsa_hcal_assets.quality.report import Figure

    database, ledger = run.installation.database, run.installation.ledger
    configured = tables.configured_tables(run.installation.settings.hcal)
    again = not ledger.pending(EMCAL.name, run.partition)
    report = tables.load_day(database, ledger, run.partition, configured, run.run_id, everything=again)
    loaded = due.marked_at(database, EMCAL.name, run.partition)

    def make(place: Path) -> Outcome:
        towers = readers.towers_of_day(database, run.partition)
        boards = readers.boards_of_day(database, run.partition)
        snapshots = readers.snapshots(database, run.partition)
        towers.to_parquet(place / "towers.parquet", index=False)
        boards.to_parquet(place / "boards.parquet", index=False)
        snapshots.to_csv(place / "snapshots.csv", index=False)
        metrics = [
            *arrivals.arrival_metrics(ledger, run.partition, source=EMCAL.name),
            *quality_metrics.state_metrics(towers, boards, snapshots),
        ]
        facts = {"load": report.summary(), "boards not in the map": ", ".join(report.rejected_boards)}
        drawn = [
            Figure(
                f"EMCal: {quantity.label}, mean of the day", figures.png(maps.eta_phi_map(towers, quantity))
            )
            for quantity in (maps.SIPM, maps.PREAMP, maps.LEAKAGE)
        ]
        return Outcome(metrics, figures=drawn, facts=facts)

    result = run.publish(
        make,
        inputs=ingest.day_inputs(ledger, EMCAL, run.partition),
        parameters={"board_map": configured.board_map.digest, "board_layout": configured.layout.digest},
    )
    due.reported(database, EMCAL.name, run.partition, loaded)
    return result


emcal_job = dg.define_asset_job("emcal_day", dg.AssetSelection.groups("hcal_emcal"))


def look(installation: Installation) -> list[Work]:
    """Accept what landed; return the days with snapshots to load or telemetry nobody reported."""
    from dsa_hcal_assets.hcal.emcal.snapshot import EMCAL

    return landed(installation, EMCAL)


emcal_sensor = incoming_sensor(
    "emcal_sensor",
    emcal_job.name,
    look,
    source="emcal",
    urgent=False,
    description="Watches incoming/emcal for snapshots of the electromagnetic calorimeter.",
)
