"""Pending arrivals of the ledger as work for a sensor."""

from collections import defaultdict

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.asked import Work

# More than a day of everything; what is beyond waits for the next look.
MOST_ARRIVALS = 20_000


def pending_work(installation: Installation, source: str) -> list[Work]:
    """Return the partitions of `source` that have pending arrivals, oldest first."""
    by_partition: dict[str, list[int]] = defaultdict(list)
    for arrival in installation.ledger.pending(source, limit=MOST_ARRIVALS):
        by_partition[arrival.partition].append(arrival.arrival_id)
    return [
        Work(partition, str(max(ids)), f"{len(ids)} arrivals, {min(ids)} to {max(ids)}")
        for partition, ids in sorted(by_partition.items())
    ]
