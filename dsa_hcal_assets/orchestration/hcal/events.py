"""Control-plane events: files that land in incoming/events become the day's time line."""

from pathlib import Path
from typing import Any

import dagster as dg

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.asked import Work
from dsa_hcal_assets.orchestration.incoming import incoming_sensor
from dsa_hcal_assets.orchestration.partitions import DAYS
from dsa_hcal_assets.orchestration.stage import Outcome, StageRun, stage_asset


@stage_asset(group="hcal_events", partitions=DAYS, kinds={"postgres"})
def control_events(run: StageRun) -> dg.MaterializeResult[Any]:
    """What was done to the detector on the day (`hcal.event`), and what followed: set points, runs."""
    from dsa_hcal_assets.hcal.days import bounds
    from dsa_hcal_assets.hcal.events import event_metrics, loading, timeline
    from dsa_hcal_assets.hcal.snapshots import due
    from dsa_hcal_assets.products.model import Input

    database, ledger = run.installation.database, run.installation.ledger
    done = loading.load(database, ledger, run.run_id, run.partition)
    loaded = due.marked_at(database, loading.SOURCE, run.partition)
    frame = timeline.events(database, *bounds(run.partition))
    files = ledger.of_partition(loading.SOURCE, run.partition)

    def make(place: Path) -> Outcome:
        frame.to_csv(place / "events.csv", index=False)
        facts = {"events": len(frame), "recorded now": done.recorded, "refused now": len(done.quarantined)}
        return Outcome(event_metrics.event_metrics(database, ledger, run.partition), facts=facts)

    result = run.publish(make, inputs=[Input(one.name, one.digest) for one in files])
    if loaded is not None:
        due.reported(database, loading.SOURCE, run.partition, loaded)
    return result


events_job = dg.define_asset_job("hcal_events_day", dg.AssetSelection.groups("hcal_events"))


def look(installation: Installation) -> list[Work]:
    """Accept what landed; return the days with events to record, or recorded and not yet published."""
    from dsa_hcal_assets.hcal.events import loading
    from dsa_hcal_assets.hcal.snapshots import due

    loading.scan(installation.settings.incoming / "events", installation.ledger)
    days = due.due_days(installation.database, installation.ledger, loading.SOURCE)
    return [Work(one.day, one.version, one.note) for one in days]


events_sensor = incoming_sensor(
    "hcal_events_sensor",
    events_job.name,
    look,
    source="events",
    urgent=False,
    description="Watches incoming/events for what was done to the detector.",
)
