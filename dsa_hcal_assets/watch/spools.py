"""What waits between acquisition and database, source by source, and acquisitions in trouble."""

from datetime import datetime
from pathlib import Path

from dsa_hcal_assets.alerts import Severity
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.acquisition.spool_check import judge_spools
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.quality.verdicts import Level
from dsa_hcal_assets.watch.condition import Condition

_SEVERITIES = {Level.WARN: Severity.WARNING, Level.FAIL: Severity.ERROR}


def spools_beyond_limits(
    incoming: Path, database: Database, ledger: Ledger, thresholds: Thresholds, now: datetime
) -> list[Condition]:
    """Return the numbers of stage `hcal_spool` that are outside their limits."""
    judged = judge_spools(incoming, database, ledger, thresholds, now)
    return [
        Condition(
            f"{source}:{verdict.metric}",
            _SEVERITIES[verdict.level],
            "acquisition",
            f"{source}: {verdict.metric} is {verdict.value:.4g} ({verdict.limit})",
            ". ".join(text for text in (verdict.description, verdict.detail) if text),
            source=source,
        )
        for source, verdicts in judged.items()
        for verdict in verdicts
        if verdict.level is not Level.PASS
    ]
