"""The way from acquisition to database, judged source by source against the limits of stage `hcal_spool`."""

import math
from datetime import datetime
from pathlib import Path

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.acquisition.note import AcquisitionNote, read_note
from dsa_hcal_assets.hcal.snapshots import spool
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.quality.judging import judge
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.quality.verdicts import Metric, Verdict

STAGE = "hcal_spool"
SHORTEST_CYCLE = 60.0
"""Seconds: an acquisition that polls faster is silent after as long as one that polls each minute."""


def judge_spools(
    incoming: Path, database: Database, ledger: Ledger, thresholds: Thresholds, now: datetime
) -> dict[str, list[Verdict]]:
    """Return the verdicts on each source that has snapshot files, or an acquisition, below `incoming`.

    Raises
    ------
    DatabaseUnavailable
        If the ledger cannot be asked.
    """
    return {
        directory.name: judge(
            STAGE,
            spool_metrics(spool.Spool(directory, database, ledger).waiting(now), read_note(directory), now),
            thresholds,
        )
        for directory in spool.sources(incoming)
    }


def spool_metrics(waiting: spool.Waiting, note: AcquisitionNote | None, now: datetime) -> list[Metric]:
    """Return the metrics of one source; without an acquisition's note those about it are not measured."""
    metrics = [
        Metric("files_waiting", waiting.files, f"{waiting.size / 2**20:.1f} MiB"),
        Metric("oldest_minutes", waiting.oldest_seconds / 60),
    ]
    if note is None:
        nobody = "no acquisition"
        return metrics + [Metric(name, math.nan, nobody) for name in ("silent_cycles", "unsaved", "given_up")]
    silent = math.nan
    if note.period is not None:
        silent = (now - note.at).total_seconds() / max(note.period, SHORTEST_CYCLE)
    return [
        *metrics,
        Metric("silent_cycles", silent, f"the last cycle ended {note.at.isoformat(timespec='seconds')}"),
        Metric("unsaved", note.waiting, note.trouble or ""),
        Metric("given_up", note.given_up),
    ]
