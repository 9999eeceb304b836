"""Verdicts over time: lists for people, and the values of one metric as a series.

Belongs here: reading `platform.verdict` across products. Not here: verdicts of one product (`store`).
"""

from dataclasses import dataclass
from datetime import datetime

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.quality.verdicts import Level

# A verdict counts when none of the same product and metric was given later, and its product is current.
_COUNTS = """
not exists (
    select from platform.verdict later
     where later.product_id = v.product_id and later.stage = v.stage and later.metric = v.metric
       and later.verdict_id > v.verdict_id)
and (v.product_id is null or exists (
    select from platform.current_product made where made.product_id = v.product_id))
"""
_NEWEST = f"""
select v.verdict_id, v.product_id, v.partition, v.stage, v.metric, v.value, v.unit, lower(v.level),
       v.blocking, v.limit_text, v.detail, v.run_id, v.recorded_at
  from platform.verdict v
 where (%(stage)s is null or v.stage = %(stage)s) and (%(metric)s is null or v.metric = %(metric)s)
   and (%(level)s is null or lower(v.level) = %(level)s)
   and (%(blocking)s is null or v.blocking = %(blocking)s)
   and (%(partition)s is null or v.partition = %(partition)s)
   and (%(since)s::timestamptz is null or v.recorded_at >= %(since)s)
   and (%(until)s::timestamptz is null or v.recorded_at < %(until)s)
   and (%(after)s is null or v.verdict_id < %(after)s)
   and (not %(counting)s or ({_COUNTS}))
 order by v.verdict_id desc limit %(limit)s
"""  # noqa: S608 - made of constants


@dataclass(frozen=True)
class Wanted:
    """Which verdicts are asked for; None and False: all of them.

    Attributes
    ----------
    stage, metric, partition, level, blocking
        Only verdicts with these.
    since, until
        Only verdicts given not before, and before, these moments.
    counting
        Only verdicts that count: the latest of each metric, on current products.
    """

    stage: str | None = None
    metric: str | None = None
    partition: str | None = None
    level: Level | None = None
    blocking: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    counting: bool = False


@dataclass(frozen=True)
class GivenVerdict:
    """A verdict on record; columns of ``platform.verdict`` (see their comments there).

    `level` is the value of a `Level`.
    """

    verdict_id: int
    product_id: int | None
    partition: str
    stage: str
    metric: str
    value: float | None
    unit: str
    level: str
    blocking: bool
    limit: str
    detail: str
    run_id: str
    recorded_at: datetime


def newest_verdicts(
    database: Database, wanted: Wanted, after: int | None = None, limit: int = 100
) -> list[GivenVerdict]:
    """Return the verdicts that were given last, newest first; behind number `after` if given."""
    level = wanted.level.value if wanted.level else None
    rows = database.rows(_NEWEST, {**vars(wanted), "level": level, "after": after, "limit": limit})
    return [GivenVerdict(*row) for row in rows]
