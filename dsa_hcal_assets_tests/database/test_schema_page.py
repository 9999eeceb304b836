"""The page of the schema is what the database says, and the one that ships is current."""

import re
from pathlib import Path

import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.schema_page import schema_page

PAGE = Path(__file__).parents[2] / "docs" / "schema.md"
REGENERATE = "dsa-hcal db schema --fresh > docs/schema.md"
# what Mermaid's ER diagrams accept: https://mermaid.js.org/syntax/entityRelationshipDiagram.html
GRAMMAR = re.compile(
    r"erDiagram"
    r"|    \w+ \{"
    r"|        [A-Za-z][\w()\[\]-]* \w+ (PK|FK|PK, FK)"
    r"|    \}"
    r"|    \w+ (\|\||\|o)--(o\{|o\|) \w+ : \w+"
)


@pytest.fixture
def page(database: Database) -> str:
    return schema_page(database)


def test_the_page_that_ships_is_current(page: str) -> None:
    assert PAGE.read_text(encoding="utf-8") == page, f"regenerate it: {REGENERATE}"


def test_every_table_and_column_is_on_the_page(page: str, database: Database) -> None:
    tables = database.rows(
        "select table_schema || '.' || table_name, array_agg(column_name::text)"
        " from information_schema.columns"
        " where table_schema in ('platform', 'hcal', 'radio', 'rig') group by 1"
    )
    assert len(tables) > 30
    for name, columns in tables:
        section = page.split(f"### `{name}`")[1].split("###")[0]
        assert [column for column in columns if f"| `{column}` |" not in section] == []


def test_diagrams_are_well_formed_and_show_what_refers_to_what(page: str) -> None:
    lines = [line for block in re.findall(r"```mermaid\n(.*?)```", page, re.S) for line in block.splitlines()]
    assert [line for line in lines if not GRAMMAR.fullmatch(line)] == []
    assert "    event ||--o{ set_point : event_id" in lines
    assert "    platform_arrival |o--o| event : arrival_id" in lines
    assert "    catalogue_source ||--o| calibrator : catalogue_id_and_source_number" in lines
    assert "    calibrator ||--o{ calibrator_band : catalogue_id_and_source_number" in lines


def test_the_page_follows_the_database(database: Database) -> None:
    with database.transaction() as cursor:
        cursor.execute(
            "create table hcal.new (n int primary key, event_id bigint unique references hcal.event)"
        )
        cursor.execute("comment on table hcal.new is 'Pipes | and <angles>'")
        cursor.execute("select hcal.ensure_month('2025-06-05Z'::timestamptz)")
    page = schema_page(database)
    assert "### `hcal.new`\n\nPipes \\| and &lt;angles>" in page
    assert "event |o--o| new : event_id" in page
    assert "tower_reading_2025_06" not in page
