"""The schema explains itself: who looks at a table with any tool reads what it holds, and in which unit."""

import pytest

from dsa_hcal_assets.database.connection import Database

SCHEMAS = ("platform", "hcal", "radio", "rig")
# Partitions are made like their table, comments included.
UNCOMMENTED = {
    "tables and views": """
        select c.oid::regclass::text from pg_class c
        where c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
          and c.relnamespace::regnamespace::text = any(%s) and obj_description(c.oid, 'pg_class') is null
    """,
    "columns of tables": """
        select c.oid::regclass::text || '.' || a.attname
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relkind in ('r', 'p') and not c.relispartition
          and c.relnamespace::regnamespace::text = any(%s) and col_description(c.oid, a.attnum) is null
    """,
    "functions": """
        select p.oid::regprocedure::text from pg_proc p
        where p.pronamespace::regnamespace::text = any(%s) and obj_description(p.oid, 'pg_proc') is null
    """,
    "types": """
        select t.oid::regtype::text from pg_type t
        where t.typtype in ('e', 'd') and t.typnamespace::regnamespace::text = any(%s)
          and obj_description(t.oid, 'pg_type') is null
    """,
}


@pytest.mark.parametrize("kind", UNCOMMENTED)
def test_everything_has_a_comment(database: Database, kind: str) -> None:
    missing = sorted(name for (name,) in database.rows(UNCOMMENTED[kind], (list(SCHEMAS),)))
    assert missing == [], f"{kind} without a comment; say what they hold where they are made, in sql/"


def test_partitions_have_the_comments_of_their_table(database: Database) -> None:
    database.rows("select hcal.ensure_month('2025-06-05Z'::timestamptz)")
    of = (
        "select string_agg(col_description('hcal.{}'::regclass, n), '|' order by n)"
        " from generate_series(1, 9) n"
    )
    ((whole,),) = database.rows(of.format("tower_reading"))
    assert database.rows(of.format("tower_reading_2025_06")) == [(whole,)]
    assert whole.count("|") == 8
