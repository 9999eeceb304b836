"""Registers of digitiser and other boards on the lineage graph: one asset a UTC day, its job and sensor."""

from pathlib import Path
from typing import Any

import dagster as dg

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.asked import Work
from dsa_hcal_assets.orchestration.hcal.sensor import landed
from dsa_hcal_assets.orchestration.incoming import incoming_sensor
from dsa_hcal_assets.orchestration.partitions import DAYS
from dsa_hcal_assets.orchestration.stage import Outcome, StageRun, stage_asset


@stage_asset(group="hcal_registers", partitions=DAYS, kinds={"postgres", "parquet"})
def register_state(run: StageRun) -> dg.MaterializeResult[Any]:
    """State of boards by their registers (`hcal.register_reading`, `hcal.register_board_reading`).

    Loads what is pending; with nothing pending, the day is loaded again from its files.
    """
    from dsa_hcal_assets.hcal import quality_metrics as arrivals
    from dsa_hcal_assets.hcal.registers import quality_metrics, readers, tables
    from dsa_hcal_assets.hcal.registers.snapshot import REGISTERS
    from dsa_hcal_assets.hcal.snapshots import due, ingest

    database, ledger = run.installation.database, run.installation.ledger
    again = not ledger.pending(REGISTERS.name, run.partition)
    report = tables.load_day(database, ledger, run.partition, run.run_id, everything=again)
    loaded = due.marked_at(database, REGISTERS.name, run.partition)

    def make(place: Path) -> Outcome:
        registers = readers.registers_of_day(database, run.partition)
        boards = readers.boards_of_day(database, run.partition)
        snapshots = readers.snapshots(database, run.partition)
        registers.to_parquet(place / "registers.parquet", index=False)
        boards.to_parquet(place / "boards.parquet", index=False)
        metrics = [
            *arrivals.arrival_metrics(ledger, run.partition, source=REGISTERS.name),
            *quality_metrics.state_metrics(registers, boards, snapshots),
        ]
        return Outcome(metrics, facts={"load": report.summary()})

    result = run.publish(make, inputs=ingest.day_inputs(ledger, REGISTERS, run.partition))
    due.reported(database, REGISTERS.name, run.partition, loaded)
    return result


registers_job = dg.define_asset_job("registers_day", dg.AssetSelection.groups("hcal_registers"))


def look(installation: Installation) -> list[Work]:
    """Accept what landed; return the days with snapshots to load or telemetry nobody reported.

    Those of the day being taken are collected for a while (`register_report_seconds`).
    """
    from dsa_hcal_assets.hcal.registers.snapshot import REGISTERS

    return landed(installation, REGISTERS, installation.settings.hcal.register_report_seconds)


registers_sensor = incoming_sensor(
    "registers_sensor",
    registers_job.name,
    look,
    source="registers",
    urgent=False,
    description="Watches incoming/registers for snapshots of boards' registers.",
)
