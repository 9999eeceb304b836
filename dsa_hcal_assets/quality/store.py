"""Verdicts in PostgreSQL, so that "passed" can be asked of any product at any time.

Belongs here: writing and reading `platform.verdict`. Not here: the gate itself (products).
"""

import math
from collections.abc import Iterable
from typing import Protocol

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.quality.verdicts import Level, Verdict


class Judged(Protocol):
    """What was judged: a published version of a product."""

    @property
    def product_id(self) -> int:
        """Its row in `platform.product`."""
        ...


_INSERT = """
insert into platform.verdict (product_id, stage, metric, value, unit, level, blocking, limit_text,
                              description, detail, partition, run_id, recorded_at)
values %s
"""
_LATEST = """
select stage, metric, value, level, blocking, unit, limit_text, description, detail
  from platform.latest_verdict
 where product_id = %s
 order by verdict_id
"""
# Verdicts that close a gate are few, and have an index of their own.
_CLOSED = """
select stage, count(*) from platform.verdict v join platform.current_product using (product_id)
 where v.blocking and lower(v.level) = 'fail'
   and not exists (
       select from platform.verdict later
        where later.product_id = v.product_id and later.stage = v.stage and later.metric = v.metric
          and later.verdict_id > v.verdict_id)
 group by stage
"""


def record(
    database: Database,
    verdicts: Iterable[Verdict],
    *,
    product: Judged | None,
    partition: str,
    run_id: str,
) -> None:
    """Write the verdicts in one transaction; earlier ones of the same product stay as history.

    A value that was not measured (NaN) is stored as null.

    Raises
    ------
    DatabaseUnavailable
        If the database cannot be reached.
    """
    moment = utc_now()
    product_id = None if product is None else product.product_id
    rows = [
        (
            product_id,
            verdict.stage,
            verdict.metric,
            None if math.isnan(verdict.value) else float(verdict.value),
            verdict.unit,
            verdict.level.value,
            verdict.blocking,
            verdict.limit,
            verdict.description,
            verdict.detail,
            partition,
            run_id,
            moment,
        )
        for verdict in verdicts
    ]
    with database.transaction() as cursor:
        execute_values(cursor, _INSERT, rows)


def latest(database: Database, product_id: int) -> list[Verdict]:
    """Return the newest verdict of each metric of a product, in the order they were given."""
    return [
        Verdict(
            stage=stage,
            metric=metric,
            value=math.nan if value is None else value,
            level=Level(level),
            blocking=blocking,
            unit=unit,
            limit=limit,
            description=description,
            detail=detail,
        )
        for stage, metric, value, level, blocking, unit, limit, description, detail in database.rows(
            _LATEST, (product_id,)
        )
    ]


def closed_gates(cursor: Cursor) -> dict[str, int]:
    """Return how many blocking checks failed on current products, of any age, by stage."""
    cursor.execute(_CLOSED)
    return dict(cursor.fetchall())
