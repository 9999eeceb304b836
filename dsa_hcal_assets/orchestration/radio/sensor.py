"""Whole groups become partitions and runs; groups overdue are told."""

import os
from pathlib import Path
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


# More than two weeks of the telescope: a backlog of failing groups must not hide what arrives.
MOST_GROUPS = 5_000


class _Watching:
    """A watch and the profiles it was made with: their files are looked at, and read when they change."""

    def __init__(self, installation: Installation) -> None:
        from dsa_hcal_assets.radio.ingest.scan import SubbandWatch
        from dsa_hcal_assets.radio.profiles.loading import load_profiles

        settings = installation.settings
        self.stamps = _stamps(settings.radio.profiles_dir)
        self.watch = SubbandWatch(
            settings.incoming / "uvh5",
            installation.ledger,
            installation.database,
            load_profiles(settings.radio.profiles_dir),
            settings.radio,
        )


# What a watch has seen stays with the process: an installation is looked at twice a second.
_watching: WeakKeyDictionary[Installation, _Watching] = WeakKeyDictionary()


def look(installation: Installation) -> list[Work]:
    """Accept what landed and return the groups with pending subbands that may go on."""
    from dsa_hcal_assets.clock import utc_now
    from dsa_hcal_assets.orchestration.radio.alerts import tell_stale
    from dsa_hcal_assets.radio.ingest import groups
    from dsa_hcal_assets.radio.retired_keys import note_restored

    database, now = installation.database, utc_now()
    report = _watch(installation).look(now)
    tell_stale(installation, [group for group in report.decided if group.state == "failed"])
    pending = groups.pending_work(database, MOST_GROUPS)
    if pending:
        # the sensor adds the keys of its runs to the live window, also those that had left it
        note_restored(database, [one.key for one in pending], now)
    return [Work(one.key, one.content, one.note) for one in pending]


def _watch(installation: Installation) -> "SubbandWatch":
    current = _watching.get(installation)
    if current is None or current.stamps != _stamps(installation.settings.radio.profiles_dir):
        if current is not None:
            current.watch.close()
        current = _watching[installation] = _Watching(installation)
    return current.watch


def _stamps(directory: Path | None) -> dict[str, tuple[int, int]]:
    """Return what tells one state of the operator's profiles from another: times (ns) and sizes."""
    if directory is None or not directory.is_dir():
        return {}
    with os.scandir(directory) as entries:
        return {entry.name: (entry.stat().st_mtime_ns, entry.stat().st_size) for entry in entries}


radio_sensor = incoming_sensor(
    "radio_sensor",
    radio_job.name,
    look,
    source="uvh5",
    dynamic=GROUPS,
    description="Watches incoming/uvh5 for subband files; a whole group becomes a partition.",
)
