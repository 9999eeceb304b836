"""New snapshot files become one run of their day: today's first, then a backlog from its oldest day on."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg

from dsa_hcal_assets.clock import day_key, utc_now
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.asked import Work
from dsa_hcal_assets.orchestration.incoming import incoming_sensor

if TYPE_CHECKING:
    from dsa_hcal_assets.hcal.snapshots.due import DueDay
    from dsa_hcal_assets.hcal.snapshots.source import SnapshotSource
    from dsa_hcal_assets.ledger import Ledger

# after midnight the day before is still being completed
AFTER_MIDNIGHT = timedelta(hours=1)

hcal_job = dg.define_asset_job("hcal_day", dg.AssetSelection.groups("hcal"))


def look(installation: Installation) -> list[Work]:
    """Accept what landed; return the days with snapshots to load or telemetry nobody reported."""
    from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS

    return landed(installation, CONTROLLERS)


def landed(
    installation: Installation, source: "SnapshotSource[Any]", collect_seconds: float = 0.0
) -> list[Work]:
    """Accept what landed for a source; return its days with snapshots to load or readings nobody reported.

    Parameters
    ----------
    collect_seconds
        How long those of the day being taken are collected, for a source read so often that a run for
        each snapshot would be more work than the readings are.
    """
    from dsa_hcal_assets.hcal.snapshots import due, ingest

    ledger = installation.ledger
    ingest.scan(installation.settings.incoming / source.name, ledger, source)
    now = utc_now()
    works = work_of_days(due.due_days(installation.database, ledger, source.name), now)
    return _collected(works, ledger, source.name, now, collect_seconds) if collect_seconds else works


def work_of_days(days: "Sequence[DueDay]", now: datetime) -> list[Work]:
    """Return due days of any source of snapshots as work: live from the day on that is being taken `now`."""
    live = day_key(now - AFTER_MIDNIGHT)
    return [Work(one.day, one.version, one.note, live=one.day >= live) for one in days]


def _collected(works: list[Work], ledger: "Ledger", source: str, now: datetime, seconds: float) -> list[Work]:
    """Return `works` without live days all of whose pending snapshots arrived less than `seconds` ago."""
    fresh = now - timedelta(seconds=seconds)
    pending = ledger.pending(source)
    ripe = {arrival.partition for arrival in pending if arrival.received_at <= fresh}
    waiting = {arrival.partition for arrival in pending} - ripe
    return [work for work in works if not (work.live and work.partition in waiting)]


hcal_sensor = incoming_sensor(
    "hcal_sensor",
    hcal_job.name,
    look,
    source="hcal",
    description="Watches incoming/hcal for snapshots of the detector.",
)
