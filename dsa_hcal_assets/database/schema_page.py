"""The schema as a page for people, generated from the catalog: ER diagrams, tables, views, functions.

``dsa-hcal db schema --fresh > docs/schema.md`` writes the page that ships; a test holds it to the
migrations.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dsa_hcal_assets.database.connection import Database

SCHEMAS = ("platform", "hcal", "radio", "rig", "public")
HEAD = """\
# Database schema

Generated from the database by `dsa-hcal db schema --fresh > docs/schema.md`; not edited by hand. The
comments are those of the database (`\\d+` in psql shows them). Times are UTC unless a column says otherwise.
Diagrams show keys and the references between tables; partitions by month are left out.
"""
_SCHEMAS = (
    "select nspname, coalesce(obj_description(oid, 'pg_namespace'), '') from pg_namespace where nspname = %s"
)
_RELATIONS = """
select c.oid, c.relname, c.relkind in ('r', 'p'), coalesce(obj_description(c.oid, 'pg_class'), '')
from pg_class c
where c.relnamespace = %s::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
  and c.relname !~ '^_?yoyo' -- the book of yoyo-migrations
order by c.relname
"""
_COLUMNS = """
select a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       exists (select from pg_index i
               where i.indrelid = a.attrelid and i.indisprimary and a.attnum = any (i.indkey)),
       coalesce(col_description(a.attrelid, a.attnum), '')
from pg_attribute a
where a.attrelid = %s and a.attnum > 0 and not a.attisdropped
order by a.attnum
"""
_KEYS = """
select array(select attname::text from pg_attribute where attrelid = i.indrelid and attnum = any (i.indkey))
from pg_index i where i.indrelid = %s and i.indisunique and i.indpred is null and i.indexprs is null
"""
_REFERENCES = """
select array(select attname::text from pg_attribute where attrelid = f.conrelid and attnum = any (f.conkey)
             order by array_position(f.conkey, attnum)),
       t.relnamespace::regnamespace::text, t.relname
from pg_constraint f join pg_class t on t.oid = f.confrelid
where f.conrelid = %s and f.contype = 'f' and f.conparentid = 0
order by 1
"""
_FUNCTIONS = """
select p.oid::regprocedure::text, pg_get_function_result(p.oid),
       coalesce(obj_description(p.oid, 'pg_proc'), '')
from pg_proc p
where p.pronamespace = %s::regnamespace and p.prorettype <> 'trigger'::regtype
  and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
order by 1
"""
_SHORT = {
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
    "double precision": "float8",
    "character varying": "varchar",
}


@dataclass(frozen=True)
class Column:
    """A column of a table or view."""

    name: str
    type: str
    required: bool
    primary: bool
    comment: str


@dataclass(frozen=True)
class Reference:
    """A foreign key: columns that name a row of `table` (with its schema)."""

    columns: tuple[str, ...]
    schema: str
    table: str


@dataclass(frozen=True)
class Relation:
    """A table or a view; of each of its `keys` no two rows have the same."""

    name: str
    is_table: bool
    comment: str
    columns: tuple[Column, ...]
    keys: tuple[frozenset[str], ...]
    references: tuple[Reference, ...]


def schema_page(database: Database) -> str:
    """Return the page, Markdown with a Mermaid diagram for each schema, of a migrated database."""
    parts = [HEAD]
    for schema in SCHEMAS:
        ((name, comment),) = database.rows(_SCHEMAS, (schema,))
        relations = [_relation(database, *row) for row in database.rows(_RELATIONS, (schema,))]
        functions = database.rows(_FUNCTIONS, (schema,))
        parts.append("\n".join(_section(name, comment, relations, functions)))
    return "\n".join(parts) + "\n"


def diagram(schema: str, tables: Sequence[Relation]) -> Iterator[str]:
    """Yield the lines of the Mermaid ER diagram of a schema's tables: their keys and references."""
    yield "```mermaid"
    yield "erDiagram"
    for table in tables:
        referring = {name for one in table.references for name in one.columns}
        keys = [column for column in table.columns if column.primary or column.name in referring]
        yield f"    {table.name} {{"
        for column in keys:
            marks = ["PK"] * column.primary + ["FK"] * (column.name in referring)
            yield f"        {_mermaid_type(column.type)} {column.name} {', '.join(marks)}"
        yield "    }"
    for table in tables:
        for one in table.references:
            yield f"    {_line(schema, table, one)}"
    yield "```"


def _relation(database: Database, oid: int, name: str, is_table: bool, comment: str) -> Relation:
    columns = tuple(Column(row[0], _short(row[1]), *row[2:]) for row in database.rows(_COLUMNS, (oid,)))
    references = tuple(
        Reference(tuple(names), schema, table) for names, schema, table in database.rows(_REFERENCES, (oid,))
    )
    keys = tuple(frozenset(names) for (names,) in database.rows(_KEYS, (oid,)))
    return Relation(name, is_table, comment, columns, keys, references)


def _section(
    schema: str, comment: str, relations: Sequence[Relation], functions: Sequence[tuple[str, str, str]]
) -> Iterator[str]:
    tables = [one for one in relations if one.is_table]
    yield f"## Schema `{schema}`\n\n{comment}\n"
    if tables:
        yield from diagram(schema, tables)
        yield ""
    for one in relations:
        yield f"### `{schema}.{one.name}`{'' if one.is_table else ' (view)'}\n\n{_cell(one.comment)}\n"
        yield "| column | type | |\n| --- | --- | --- |"
        referring = _targets(one)
        for column in one.columns:
            marks = [f"-> `{target}`" for target in referring[column.name]]
            marks += ["key"] * column.primary + ["may be null"] * (one.is_table and not column.required)
            told = "; ".join([*marks, *([_cell(column.comment)] if column.comment else [])])
            yield f"| `{column.name}` | {_cell(column.type)} | {told} |"
        yield ""
    if functions:
        yield "### Functions\n\n| function | returns | |\n| --- | --- | --- |"
        for name, result, told in functions:
            yield f"| `{name}` | {_cell(_short(result))} | {_cell(told)} |"
        yield ""


def _targets(one: Relation) -> dict[str, list[str]]:
    targets: dict[str, list[str]] = defaultdict(list)
    for reference in one.references:
        for column in reference.columns:
            targets[column].append(f"{reference.schema}.{reference.table}")
    return targets


def _line(schema: str, table: Relation, reference: Reference) -> str:
    columns = [column for column in table.columns if column.name in reference.columns]
    one = "||" if all(column.required for column in columns) else "|o"
    many = "o|" if any(key <= set(reference.columns) for key in table.keys) else "o{"
    # a name with a dot is none to Mermaid
    other = reference.table if reference.schema == schema else f"{reference.schema}_{reference.table}"
    return f"{other} {one}--{many} {table.name} : {'_and_'.join(reference.columns)}"


def _short(name: str) -> str:
    for long, short in _SHORT.items():
        name = name.replace(long, short)
    return name


def _mermaid_type(name: str) -> str:
    return name.rpartition(".")[2].replace(",", "_").replace(" ", "_")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
