"""From the incoming directory into the ledger, and which days that makes due.

Belongs here: what happens between a file landing in ``incoming/rig`` and its row in the ledger.
Not here: writing files (acquisition) and their rows in the database (loading).

One file is one row of the ledger. Its partition is the UTC day of its first time stamp; its subject
is that stamp, so a second file that starts at the same time with other content is a conflict. A
file may hold rows of several days: loading gives each row to its own day, and `due_days` names
every day that has rows newer than its last cleaning.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dsa_hcal_assets.clock import day_key, utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.ledger.deliveries import Delivery
from dsa_hcal_assets.ledger.scanning import ScanReport, scan_settled
from dsa_hcal_assets.rig import SOURCE

SUFFIX = ".csv"

_DUE = """
select file_day.day::text, max(file_day.arrival_id)
  from rig.file_day
  left join rig.cleaned_day using (day)
 group by file_day.day, cleaned_day.through_arrival
having max(file_day.arrival_id) > coalesce(cleaned_day.through_arrival, 0)
"""


@dataclass(frozen=True)
class Due:
    """A day whose assets should be made, and a key that changes exactly when new data arrived."""

    day: str
    key: str


def scan(
    incoming: Path,
    ledger: Ledger,
    settle_seconds: float,
    *,
    limit: int = 500,
    now: datetime | None = None,
) -> ScanReport:
    """Bring the files of `incoming` that the ledger does not know into it.

    `due_days` also names the other days that files reach into; see `ledger.scanning.scan_settled`.
    """
    from dsa_hcal_assets.rig.readings import read_file

    def describe(path: Path) -> Delivery:
        raw = read_file(path, now=now or utc_now())
        return Delivery(path, raw.first.isoformat(), day_key(raw.first), raw.first, raw.digest)

    return scan_settled(
        incoming, ledger, SOURCE, describe, _is_rig_file, settle_seconds=settle_seconds, limit=limit
    )


def due_days(database: Database, ledger: Ledger) -> list[Due]:
    """Return the days that have rows, pending or loaded, newer than their last cleaning, in order.

    It depends on the ledger and the tables alone, so a sensor that died between accepting files and
    starting runs finds the same days again.
    """
    newest = {
        arrival.partition: arrival.arrival_id for arrival in ledger.pending(SOURCE) if arrival.partition
    }
    for day, arrival_id in database.rows(_DUE):
        newest[day] = max(arrival_id, newest.get(day, 0))
    return [Due(day, f"{day}:{newest[day]}") for day in sorted(newest)]


def _is_rig_file(name: str) -> bool:
    return name.endswith(SUFFIX)
