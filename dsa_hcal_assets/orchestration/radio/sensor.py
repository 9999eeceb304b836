"""Whole groups become partitions and runs; groups overdue are told."""

import dagster as dg

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.asked import Work
from dsa_hcal_assets.orchestration.incoming import incoming_sensor
from dsa_hcal_assets.orchestration.partitions import GROUPS

radio_job = dg.define_asset_job("radio_group", dg.AssetSelection.groups("radio"))


def look(installation: Installation) -> list[Work]:
    """Accept what landed and return the complete groups with pending subbands."""
    from dsa_hcal_assets.clock import utc_now
    from dsa_hcal_assets.orchestration.radio.alerts import tell_stale
    from dsa_hcal_assets.radio.ingest import groups
    from dsa_hcal_assets.radio.ingest.scan import scan
    from dsa_hcal_assets.radio.profiles.loading import load_profiles

    settings = installation.settings
    profiles = load_profiles(settings.radio.profiles_dir)
    report = scan(
        settings.incoming / "uvh5",
        installation.ledger,
        installation.database,
        profiles,
        settings.radio,
        utc_now(),
    )
    tell_stale(installation, [group for group in report.decided if group.state == "failed"])
    return [Work(one.key, one.content, one.note) for one in groups.pending_work(installation.database)]


radio_sensor = incoming_sensor(
    "radio_sensor",
    radio_job.name,
    look,
    source="uvh5",
    dynamic=GROUPS,
    description="Watches incoming/uvh5 for subband files; a whole group becomes a partition.",
)
