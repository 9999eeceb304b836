"""How much arrived lately, source by source."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dsa_hcal_assets.database.connection import Database

MOST_ARRIVALS = 20_000
"""The newest so many arrivals are looked at, however long the time that is asked for."""

# arrivals are numbered as they are accepted, so the newest are found without looking at the others
_COUNTS = """
select source, date_bin(%(step)s, received_at, %(start)s), count(*), sum(bytes)::bigint, max(received_at)
  from (select * from platform.arrival order by arrival_id desc limit %(most)s) newest
 where received_at >= %(start)s and received_at < %(end)s
 group by 1, 2 order by 1, 2
"""


@dataclass(frozen=True)
class ArrivalRate:
    """What a source delivered: `files` and `bytes` in each step of time, and when the newest came."""

    source: str
    files: list[int]
    bytes: list[int]
    newest: datetime


def arrival_rates(database: Database, start: datetime, step: timedelta, steps: int) -> list[ArrivalRate]:
    """Return the arrivals of `steps` steps of time from `start` on, for each source that delivered any.

    Raises
    ------
    DatabaseUnavailable
        If the database does not answer.
    """
    asked = {"start": start, "end": start + steps * step, "step": step, "most": MOST_ARRIVALS}
    found: dict[str, ArrivalRate] = {}
    for source, bucket, files, size, newest in database.rows(_COUNTS, asked):
        before = found.get(source) or ArrivalRate(source, [0] * steps, [0] * steps, newest)
        place = (bucket - start) // step
        before.files[place], before.bytes[place] = files, size
        found[source] = ArrivalRate(source, before.files, before.bytes, max(before.newest, newest))
    return list(found.values())
