"""Versions of products on record, for people and programs that look for one.

Belongs here: reading the register with where each version stands. Not here: the gate (`store`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dsa_hcal_assets.database.connection import Database

# Verdicts are looked up for the versions of one page only.
_VERSIONS = """
select p.product_id, p.kind, p.partition, p.version, p.path, p.bytes, p.checksum, p.created_at,
       p.code_version, p.run_id, p.current, p.missing_since, judged.level, judged.closed_by
  from ({versions}) p
 cross join lateral (
       select case max(array_position(array['pass', 'warn', 'fail'], lower(v.level)))
                  when 1 then 'pass' when 2 then 'warn' when 3 then 'fail' end as level,
              coalesce(array_agg(v.metric order by v.metric)
                       filter (where v.blocking and lower(v.level) = 'fail'), '{{}}') as closed_by
         from (select distinct on (stage, metric) metric, level, blocking from platform.verdict
                where verdict.product_id = p.product_id order by stage, metric, verdict_id desc) v
       ) judged
 order by p.product_id desc
"""
_NEWEST = _VERSIONS.format(
    versions="""
select product.*, current_product.product_id is not null as current
  from platform.product left join platform.current_product using (product_id)
 where (%(kind)s is null or product.kind = %(kind)s)
   and (%(partition)s is null or product.partition = %(partition)s)
   and (%(since)s::timestamptz is null or product.created_at >= %(since)s)
   and (%(until)s::timestamptz is null or product.created_at < %(until)s)
   and (not %(current)s or current_product.product_id is not null)
   and (%(after)s is null or product.product_id < %(after)s)
 order by product.product_id desc limit %(limit)s"""
)
_ONE = _VERSIONS.format(
    versions="""
select product.*, current_product.product_id is not null as current
  from platform.product left join platform.current_product using (product_id)
 where product.product_id = %s"""
)
_PROVENANCE = "select parameters, inputs from platform.product where product_id = %s"


@dataclass(frozen=True)
class Version:
    """A published version.

    Attributes
    ----------
    product_id, kind, partition, version
        Which one.
    path
        Its directory, relative to the root of the product tree.
    bytes, checksum, created_at, code_version, run_id
        As `model.Product` has them.
    current
        Whether readers get this version.
    missing_since
        When its bytes were found to be gone; None: they are there.
    level
        Worst verdict (pass, warn, fail); None: not judged.
    closed_by
        Blocking checks that failed: with any, nothing downstream may use it.
    """

    product_id: int
    kind: str
    partition: str
    version: int
    path: str
    bytes: int
    checksum: str
    created_at: datetime
    code_version: str
    run_id: str
    current: bool
    missing_since: datetime | None
    level: str | None
    closed_by: Sequence[str]


def newest_versions(
    database: Database,
    kind: str | None = None,
    partition: str | None = None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    current_only: bool = False,
    after: int | None = None,
    limit: int = 100,
) -> list[Version]:
    """Return the versions that were published last, newest first.

    Parameters
    ----------
    database
        Where the register is.
    kind, partition
        Only versions of this kind, of this partition.
    since, until
        Only versions made not before, and before, these moments.
    current_only
        Leave out what newer versions have replaced.
    after
        Only versions behind this product.
    limit
        Most versions.
    """
    rows = database.rows(
        _NEWEST,
        {
            "kind": kind,
            "partition": partition,
            "since": since,
            "until": until,
            "current": current_only,
            "after": after,
            "limit": limit,
        },
    )
    return [Version(*row) for row in rows]


def version_of(database: Database, product_id: int) -> Version | None:
    """Return one version; None if there is none of this number."""
    rows = database.rows(_ONE, (product_id,))
    return Version(*rows[0]) if rows else None


def made_from(database: Database, product_id: int) -> tuple[Mapping[str, Any], Sequence[Mapping[str, str]]]:
    """Return the parameters a version was made with, and its inputs as {name, checksum}."""
    ((parameters, inputs),) = database.rows(_PROVENANCE, (product_id,))
    return parameters, inputs
