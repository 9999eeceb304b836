"""Measurement Sets of archives become partitions and runs, behind the conversion."""

import dagster as dg

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.asked import Work
from dsa_hcal_assets.orchestration.incoming import incoming_sensor
from dsa_hcal_assets.orchestration.partitions import GROUPS
from dsa_hcal_assets.orchestration.pending import pending_work
from dsa_hcal_assets.radio.archive.stillness import Stillness

archive_job = dg.define_asset_job("radio_archive", dg.AssetSelection.assets("archived_ms").downstream())

# What this process has seen of directories still being written; a restart begins to look anew.
_seen = Stillness()


def look(installation: Installation) -> list[Work]:
    """Accept what landed and return the groups with a set that waits for its run."""
    from dsa_hcal_assets.clock import utc_now
    from dsa_hcal_assets.radio.archive.reading import read_sets
    from dsa_hcal_assets.radio.archive.scan import SOURCE, ArchiveScan
    from dsa_hcal_assets.radio.profiles.loading import load_profiles

    settings = installation.settings
    log = settings.logs / "archive.log"
    scan = ArchiveScan(
        settings.incoming / "ms",
        installation.database,
        installation.ledger,
        installation.products,
        load_profiles(settings.radio.profiles_dir),
        settings.radio,
        read=lambda paths: read_sets(installation.workers, paths, log),
        stillness=_seen,
    )
    scan.look(utc_now())
    return pending_work(installation, SOURCE)


ms_sensor = incoming_sensor(
    "ms_sensor",
    archive_job.name,
    look,
    source="ms",
    dynamic=GROUPS,
    description="Watches incoming/ms for Measurement Sets of archives; each becomes a partition.",
)
