"""Numbers that say whether a day's time line can be trusted, for stage `control_events`."""

from datetime import datetime

import numpy as np

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.hcal.events import timeline
from dsa_hcal_assets.hcal.events.loading import SOURCE
from dsa_hcal_assets.hcal.quality_metrics import arrival_metrics
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.quality.verdicts import Metric


def event_metrics(database: Database, ledger: Ledger, day: str, now: datetime | None = None) -> list[Metric]:
    """Return the metrics of a UTC day.

    `led_hours` is the longest time LEDs of one half-sector were told to be on without a break, h, in an
    interval that touches the day, until `now` where it still lasts: nobody said that they went off.
    """
    start, end = bounds(day)
    lit = timeline.intervals(database, "led", start, end)
    lit = lit[lit["state"] == "on"]
    ended = lit["ended_at"].fillna(now or utc_now())
    hours = (ended - lit["started_at"]).dt.total_seconds() / 3600 if len(lit) else np.zeros(1)
    return [*arrival_metrics(ledger, day, now, SOURCE), Metric("led_hours", float(np.max(hours)))]
