"""Which tables and views may be exported: what the database's catalogue says, within an allow-list.

Belongs here: names, columns and the time column of each. Not here: reading their rows (export.py).
"""

from dataclasses import dataclass

from dsa_hcal_assets.database.connection import Database

WHOLE_SCHEMAS = ("hcal", "radio", "rig")
# Tokens, sessions and the audit are nobody's to export; of the platform's own tables only these are.
PLATFORM_TABLES = (
    "alert",
    "arrival",
    "current_product",
    "latest_verdict",
    "ledger_balance",
    "product",
    "stage_time",
    "verdict",
)
# What "when" means where several columns are times.
TIME_COLUMNS = (
    "ts",
    "bucket",
    "cycle",
    "day",
    "at",
    "timestamp",
    "read_at",
    "started_at",
    "observed_at",
    "sample_time",
    "recorded_at",
    "raised_at",
    "created_at",
)
_TIME_TYPES = ("timestamp with time zone", "date")

_RELATIONS = """
select n.nspname, c.relname, coalesce(obj_description(c.oid, 'pg_class'), ''),
       array_agg(a.attname::text order by a.attnum),
       array_agg(format_type(a.atttypid, null) order by a.attnum)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
  and (n.nspname = any(%s) or n.nspname = 'platform' and c.relname = any(%s))
  and has_table_privilege(c.oid, 'select')
group by c.oid, n.nspname, c.relname order by 1, 2
"""


@dataclass(frozen=True)
class Exportable:
    """A table or view whose rows may be exported.

    Parameters
    ----------
    schema, name
        As the catalogue has them.
    comment
        What it holds.
    columns
        PostgreSQL's type by name, in order.
    """

    schema: str
    name: str
    comment: str
    columns: dict[str, str]

    @property
    def label(self) -> str:
        """``schema.name``."""
        return f"{self.schema}.{self.name}"

    @property
    def time_column(self) -> str | None:
        """The column that dates a row; None: rows have no time."""
        times = [name for name, kind in self.columns.items() if kind in _TIME_TYPES]
        known = [name for name in TIME_COLUMNS if name in times]
        return next(iter([*known, *times]), None)


def exportable(database: Database) -> dict[str, Exportable]:
    """Return everything that may be exported and that this connection may read, by label."""
    rows = database.rows(_RELATIONS, (list(WHOLE_SCHEMAS), list(PLATFORM_TABLES)))
    found = (
        Exportable(schema, name, comment, dict(zip(columns, kinds, strict=True)))
        for schema, name, comment, columns, kinds in rows
    )
    return {one.label: one for one in found}
