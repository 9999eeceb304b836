"""Power supplies on the lineage graph: one asset a UTC day, its job and its sensor."""

from pathlib import Path
from typing import Any

import dagster as dg

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.asked import Work
from dsa_hcal_assets.orchestration.hcal.sensor import landed
from dsa_hcal_assets.orchestration.incoming import incoming_sensor
from dsa_hcal_assets.orchestration.partitions import DAYS
from dsa_hcal_assets.orchestration.stage import Outcome, StageRun, stage_asset


@stage_asset(group="hcal_supplies", partitions=DAYS, kinds={"postgres", "parquet"})
def supply_state(run: StageRun) -> dg.MaterializeResult[Any]:
    """Bias crates, low-voltage crate and meters of the day (`hcal.supply_reading`), summed up by channel.

    Loads what is pending; with nothing pending, the day is loaded again from its files.
    """
    from dsa_hcal_assets.hcal import quality_metrics as arrivals
    from dsa_hcal_assets.hcal.snapshots import due, ingest
    from dsa_hcal_assets.hcal.supplies import loading, pictures, quality_metrics, readers
    from dsa_hcal_assets.hcal.supplies.snapshot import SUPPLIES
    from dsa_hcal_assets.hcal.supplies.supply_map import load_supply_map

    database, ledger = run.installation.database, run.installation.ledger
    mapping = load_supply_map(run.installation.settings.hcal.supply_map_file)
    again = not ledger.pending(SUPPLIES.name, run.partition)
    report = loading.load_day(database, ledger, run.partition, mapping, run.run_id, everything=again)
    loaded = due.marked_at(database, SUPPLIES.name, run.partition)

    def make(place: Path) -> Outcome:
        channels = readers.supplies_of_day(database, run.partition)
        channels.to_parquet(place / "channels.parquet", index=False)
        readers.crates_of_day(database, run.partition).to_csv(place / "crates.csv", index=False)
        metrics = [
            *arrivals.arrival_metrics(ledger, run.partition, source=SUPPLIES.name),
            *quality_metrics.supply_metrics(database, run.partition),
        ]
        return Outcome(metrics, figures=pictures.bias_figures(channels), facts={"load": report.summary()})

    inputs = ingest.day_inputs(ledger, SUPPLIES, run.partition)
    result = run.publish(make, inputs=inputs, parameters={"supply_map": mapping.digest})
    due.reported(database, SUPPLIES.name, run.partition, loaded)
    return result


supplies_job = dg.define_asset_job("supplies_day", dg.AssetSelection.groups("hcal_supplies"))


def look(installation: Installation) -> list[Work]:
    """Accept what landed; return the days with snapshots to load or readings nobody reported.

    A run a minute would be more work than the readings are: those of the day being taken are collected
    for a while (`supply_report_seconds`).
    """
    from dsa_hcal_assets.hcal.supplies.snapshot import SUPPLIES

    return landed(installation, SUPPLIES, installation.settings.hcal.supply_report_seconds)


supplies_sensor = incoming_sensor(
    "supplies_sensor",
    supplies_job.name,
    look,
    source="supplies",
    urgent=False,
    description="Watches incoming/supplies for snapshots of the power supplies.",
)
