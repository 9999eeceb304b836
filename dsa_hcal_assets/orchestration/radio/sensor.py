"""Whole groups become partitions and runs; groups overdue are told."""

import dagster as dg

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.asked import Work
from dsa_hcal_assets.orchestration.incoming import incoming_sensor
from dsa_hcal_assets.orchestration.partitions import GROUPS
from dsa_hcal_assets.orchestration.pending import pending_work

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
    tell_stale(installation, report.stale)
    pending = [
        (work, groups.group(installation.database, work.partition))
        for work in pending_work(installation, groups.SOURCE)
    ]
    return [
        Work(work.partition, group.content, work.note)
        for work, group in pending
        if group is not None and group.content is not None
    ]


radio_sensor = incoming_sensor(
    "radio_sensor",
    radio_job.name,
    look,
    source="uvh5",
    dynamic=GROUPS,
    description="Watches incoming/uvh5 for subband files; a whole group becomes a partition.",
)
