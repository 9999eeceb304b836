"""Topic ``runs``: what Dagster's runs did last, from its event log in the same database.

Dagster's own client would unpack every event; a few columns of its tables tell what people want to know.
"""

from typing import Any

import msgspec

from dsa_hcal_assets.database.connection import Database

MOST_EVENTS = 30
_NEWEST = """
select event_id, happened_at, kind, run_id, job, step, asset_key, partition from platform.run_events(%s)
"""


def newest_events(database: Database) -> dict[str, Any]:
    """Return the state of the topic."""
    return {
        "events": [
            {
                "id": event_id,
                "at": happened_at,
                # runs were called pipelines once; the user interface has forgotten
                "type": kind.replace("PIPELINE_", "RUN_"),
                "run_id": run_id,
                "job": job,
                "step": step,
                "asset": None if asset_key is None else "/".join(msgspec.json.decode(asset_key)),
                "partition": partition,
            }
            for event_id, happened_at, kind, run_id, job, step, asset_key, partition in database.rows(
                _NEWEST, (MOST_EVENTS,)
            )
        ]
    }
