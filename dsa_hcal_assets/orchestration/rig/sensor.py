"""New rig files become runs of the days they have readings of."""

import dagster as dg

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.asked import Work
from dsa_hcal_assets.orchestration.incoming import incoming_sensor

rig_job = dg.define_asset_job("rig_day", dg.AssetSelection.groups("rig"))


def look(installation: Installation) -> list[Work]:
    """Accept what landed and return the days whose readings are newer than their cleaning."""
    from dsa_hcal_assets.rig import ingest

    settings = installation.settings
    ingest.scan(settings.incoming / "rig", installation.ledger, settings.rig.settle_seconds)
    due = ingest.due_days(installation.database, installation.ledger)
    return [Work(one.day, one.key, "rig files") for one in due]


rig_sensor = incoming_sensor(
    "rig_sensor",
    rig_job.name,
    look,
    source="rig",
    description="Watches incoming/rig for CSV files of readings.",
)
