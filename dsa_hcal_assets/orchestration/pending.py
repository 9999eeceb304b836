"""Pending arrivals of the ledger as work for a sensor."""

from collections import defaultdict
from datetime import timedelta

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.ledger import Arrival
from dsa_hcal_assets.orchestration.incoming import Work

# Arrivals that stay pending (their run failed) are asked for again this often, for ever: a standing
# failure is told by its alerts, and ends by itself when its cause does.
ASK_AGAIN = timedelta(minutes=15)
MOST_ARRIVALS = 20_000


def pending_work(installation: Installation, source: str) -> list[Work]:
    """Return the partitions of `source` that have pending arrivals, oldest first."""
    by_partition: dict[str, list[Arrival]] = defaultdict(list)
    for arrival in installation.ledger.pending(source, limit=MOST_ARRIVALS):
        by_partition[arrival.partition].append(arrival)
    return [_work(partition, arrivals) for partition, arrivals in sorted(by_partition.items())]


def _work(partition: str, arrivals: list[Arrival]) -> Work:
    newest = max(arrivals, key=lambda arrival: arrival.arrival_id)
    patience = (utc_now() - newest.received_at) // ASK_AGAIN
    ids = sorted(arrival.arrival_id for arrival in arrivals)
    return Work(
        partition,
        version=f"{newest.arrival_id}.{patience}",
        note=f"{len(ids)} arrivals, {ids[0]} to {ids[-1]}",
    )
