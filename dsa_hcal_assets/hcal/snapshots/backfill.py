"""Years of files at once: all a source's directory holds goes into the database in order of time.

What `ingest.scan` and `loading.load_day` do, in portions, without a run of Dagster for each day. Days
loaded so stay due (`due`), so that their reports follow by themselves.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dsa_hcal_assets.hcal.snapshots import ingest
from dsa_hcal_assets.hcal.snapshots.load_report import LoadReport
from dsa_hcal_assets.hcal.snapshots.source import S, SnapshotSource
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.ledger.scanning import ScanReport

PORTION = 1440  # files, ten days of controllers: each portion costs one listing of the directory


@dataclass(frozen=True)
class Portion:
    """What one portion of a backfill did: the look into the directory, and the days loaded."""

    scanned: ScanReport
    loaded: tuple[LoadReport, ...]


def backfill(
    incoming: Path,
    ledger: Ledger,
    source: SnapshotSource[S],
    load: Callable[[str], LoadReport],
    *,
    portion: int = PORTION,
) -> Iterator[Portion]:
    """Accept and load all files of `incoming`, and what is pending already, until nothing is left.

    Cut anywhere, it goes on where it was when called again; sensors and live data may work beside it.

    Parameters
    ----------
    incoming
        The source's directory.
    load
        Loads the pending snapshots of a UTC day.

    Raises
    ------
    DatabaseUnavailable
        If the database is or becomes unreachable: call it again.
    """
    while True:
        scanned = ingest.scan(incoming, ledger, source, limit=portion)
        days = sorted({arrival.partition for arrival in ledger.pending(source.name)})
        yield Portion(scanned, tuple(load(day) for day in days))
        if not scanned.remaining:
            return
