"""Looks each minute at what waits between acquisition and database; tells when it is too much."""

from typing import TYPE_CHECKING

import dagster as dg

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.stage import InstallationParam

if TYPE_CHECKING:
    from collections.abc import Collection

    from dsa_hcal_assets.quality.verdicts import Verdict

_KEY = "spool:"
MOST_OPEN = 1000  # alerts that are looked through


@dg.sensor(
    name="spool_watch",
    description="Tells when snapshot files wait too long, or an acquisition is silent or cannot write.",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def spool_watch(installation: InstallationParam) -> dg.SkipReason:
    """Raise and resolve the alarms of stage `hcal_spool`."""
    troubles = tell_spools(installation)
    return dg.SkipReason("; ".join(troubles) or "everything within its limits")


def tell_spools(installation: Installation) -> list[str]:
    """Raise an alert for each number outside its limits, resolve those back inside; return what is wrong."""
    from dsa_hcal_assets.hcal.acquisition.spool_check import judge_spools

    parts = installation
    judged = judge_spools(parts.settings.incoming, parts.database, parts.ledger, parts.thresholds, utc_now())
    told = [_tell(installation, source, verdict) for source in judged for verdict in judged[source]]
    _resolve_of_others(installation, judged)
    return [title for title in told if title]


def _resolve_of_others(installation: Installation, judged: "Collection[str]") -> None:
    """Close the alarms of sources that have neither files nor an acquisition any more."""
    from dsa_hcal_assets.alerts.record import open_alerts, resolve

    for entry in open_alerts(installation.database, limit=MOST_OPEN):
        if entry.alert.dedup_key.startswith(_KEY) and entry.alert.source not in judged:
            resolve(installation.database, entry.alert.dedup_key)


def _tell(installation: Installation, source: str, verdict: "Verdict") -> str:
    from dsa_hcal_assets.alerts import Alert, Severity
    from dsa_hcal_assets.alerts.record import resolve
    from dsa_hcal_assets.quality.verdicts import Level

    severities = {Level.WARN: Severity.WARNING, Level.FAIL: Severity.ERROR}
    keys = {level: f"{_KEY}{source}:{verdict.metric}:{level}" for level in severities}
    for level, key in keys.items():
        if level is not verdict.level:
            resolve(installation.database, key)
    if verdict.level is Level.PASS:
        return ""
    title = f"{source}: {verdict.metric} is {verdict.value:.4g} ({verdict.limit})"
    installation.tell(
        Alert(
            severities[verdict.level],
            category="acquisition",
            title=title,
            message=". ".join(text for text in (verdict.description, verdict.detail) if text),
            source=source,
            dedup_key=keys[verdict.level],
        )
    )
    return title
