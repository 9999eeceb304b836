"""What the topics of live data hold (docs/api.md), and how often they are looked at."""

from dataclasses import asdict
from typing import Any

from dsa_hcal_assets.alerts import newest as alerts
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.radio import group_states
from dsa_hcal_assets.radio.catalogues.group_calibrators import calibrators_of
from dsa_hcal_assets.rig import readers as rig
from dsa_hcal_assets.rig.kpis import Kpis
from dsa_hcal_assets.settings.live import LiveSettings
from dsa_hcal_assets.web.api.groups import Group, state_name
from dsa_hcal_assets.web.live.feeds import Feed
from dsa_hcal_assets.web.live.readings import Readings
from dsa_hcal_assets.web.live.run_events import newest_events
from dsa_hcal_assets.web.status import RECENT_GROUPS, read_status

MOST_ALERTS = 20
# a state is sent to every client, so texts of any length have no place in it
_MOST_CHARACTERS = 300
_NO_KPIS = dict.fromkeys(("date", *Kpis.__dataclass_fields__))


def feeds(settings: LiveSettings) -> list[Feed]:
    """Return the topics; what costs more to read is looked at less often."""
    look = settings.poll_seconds
    return [
        Feed("readings", look, Readings()),
        Feed("runs", look, newest_events),
        Feed("alerts", look, _alerts),
        Feed("groups", 2 * look, _groups),
        Feed("status", 5 * look, _status),
        Feed("kpis", settings.refresh_seconds, _kpis, always=True),
    ]


def _alerts(database: Database) -> dict[str, Any]:
    with database.transaction() as cursor:
        recent = [asdict(one) for one in alerts.newest(cursor, MOST_ALERTS)]
        counts = alerts.open_counts(cursor)
    for one in recent:
        one |= {text: one[text][:_MOST_CHARACTERS] for text in ("title", "message")}
    return {"open": counts, "recent": recent}


def _groups(database: Database) -> dict[str, Any]:
    with database.transaction() as cursor:
        recent = group_states.latest(cursor, limit=RECENT_GROUPS)
        matches = calibrators_of(cursor, [one.key for one in recent])
    return {"recent": [Group.of(one, matches[one.key]).model_dump(mode="json") for one in recent]}


def _status(database: Database) -> dict[str, Any]:
    found = read_status(database, 0)
    states = {state_name(state): count for state, count in found.groups.items()}
    return {
        "queue": {"total": sum(states.values()), **states},
        "ledger": found.ledger,
        "products": found.products,
        "verdicts": found.verdicts,
        "open_alerts": {"total": sum(found.alerts.values()), "by_severity": found.alerts},
        "calibration_states": found.calibration_states,
        "last_snapshot": found.last_snapshot,
    }


def _kpis(database: Database) -> dict[str, Any]:
    day = rig.newest_day(database)
    found = None if day is None else rig.kpis(database, day)
    return _NO_KPIS if found is None else {"date": day, **found.as_json()}
