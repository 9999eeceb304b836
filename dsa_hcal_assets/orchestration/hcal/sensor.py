"""New snapshot files become one run of their day."""

import dagster as dg

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.asked import Work
from dsa_hcal_assets.orchestration.incoming import incoming_sensor

hcal_job = dg.define_asset_job("hcal_day", dg.AssetSelection.groups("hcal"))


def look(installation: Installation) -> list[Work]:
    """Accept what landed; return the days with snapshots to load or telemetry nobody reported."""
    from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
    from dsa_hcal_assets.hcal.snapshots import due, ingest

    ingest.scan(installation.settings.incoming / "hcal", installation.ledger, CONTROLLERS)
    days = due.due_days(installation.database, installation.ledger, CONTROLLERS.name)
    return [Work(one.day, one.version, one.note) for one in days]


hcal_sensor = incoming_sensor(
    "hcal_sensor",
    hcal_job.name,
    look,
    source="hcal",
    description="Watches incoming/hcal for snapshots of the detector.",
)
