"""Whole groups become partitions and runs; groups overdue are told."""

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import dagster as dg

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.asked import Work
from dsa_hcal_assets.orchestration.incoming import incoming_sensor
from dsa_hcal_assets.orchestration.partitions import GROUPS

if TYPE_CHECKING:
    from dsa_hcal_assets.radio.ingest.scan import SubbandWatch

radio_job = dg.define_asset_job("radio_group", dg.AssetSelection.groups("radio"))


# What a watch has seen stays with the process: an installation is looked at twice a second.
_watches: WeakKeyDictionary[Installation, "SubbandWatch"] = WeakKeyDictionary()


def look(installation: Installation) -> list[Work]:
    """Accept what landed and return the groups with pending subbands that may go on."""
    from dsa_hcal_assets.clock import utc_now
    from dsa_hcal_assets.orchestration.radio.alerts import tell_stale
    from dsa_hcal_assets.radio.ingest import groups

    if installation not in _watches:
        _watches[installation] = _watch(installation)
    report = _watches[installation].look(utc_now())
    tell_stale(installation, [group for group in report.decided if group.state == "failed"])
    return [Work(one.key, one.content, one.note) for one in groups.pending_work(installation.database)]


def _watch(installation: Installation) -> "SubbandWatch":
    from dsa_hcal_assets.radio.ingest.scan import SubbandWatch
    from dsa_hcal_assets.radio.profiles.loading import load_profiles

    settings = installation.settings
    return SubbandWatch(
        settings.incoming / "uvh5",
        installation.ledger,
        installation.database,
        load_profiles(settings.radio.profiles_dir),
        settings.radio,
    )


radio_sensor = incoming_sensor(
    "radio_sensor",
    radio_job.name,
    look,
    source="uvh5",
    dynamic=GROUPS,
    description="Watches incoming/uvh5 for subband files; a whole group becomes a partition.",
)
