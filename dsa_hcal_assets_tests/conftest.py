"""Fixtures every room may use: a real PostgreSQL, and a fresh migrated database in it."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hypothesis
import psycopg2
import pytest
from psycopg2 import sql

from dsa_hcal_assets.database import migrations, urls
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.embedded import EmbeddedServer

# A property is about results; how long one example takes on a busy machine says nothing. The same
# examples each time, so that a failure is of the change at hand; `make verify` looks for new ones.
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis.settings.register_profile("searching", deadline=None)
hypothesis.settings.load_profile("repeatable")

TEMPLATE = "template_migrated"
# Nothing here outlives a power cut, so its flushing to disk is saved; commits stay synchronous.
FAST = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server_home() -> Iterator[Path]:
    """A directory the unprivileged account of a root's server can pass (pytest's own it cannot)."""
    # In memory where there is room: a database is then made in a third of the time.
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2 << 30
    home = Path(tempfile.mkdtemp(prefix="dsa-hcal-tests-", dir=memory if roomy else None))
    home.chmod(0o711)
    yield home
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def server(server_home: Path) -> Iterator[EmbeddedServer]:
    """The embedded PostgreSQL on a free port, one for the whole session."""
    with EmbeddedServer(server_home / "postgres", 0, settings=FAST) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_template(server: EmbeddedServer) -> str:
    """Name of a database with all migrations applied and no connection open: a template."""
    administer(server, sql.SQL("create database {}").format(sql.Identifier(TEMPLATE)))
    database = Database(server.url(TEMPLATE))
    migrations.apply(database)
    database.close()
    return TEMPLATE


@pytest.fixture(scope="session")
def dropper() -> Iterator[ThreadPoolExecutor]:
    """A thread that drops used databases; PostgreSQL waits for their last connection to end."""
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture
def database(
    server: EmbeddedServer, migrated_template: str, dropper: ThreadPoolExecutor
) -> Iterator[Database]:
    """A `Database` on a fresh, migrated, empty database, dropped after the test."""
    name = f"test_{next(_numbers)}"
    copy = sql.SQL("create database {} template {} strategy file_copy")
    administer(server, copy.format(sql.Identifier(name), sql.Identifier(migrated_template)))
    database = Database(server.url(name), statement_seconds=20)
    yield database
    database.close()
    drop = sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
    dropper.submit(administer, server, drop)


def administer(server: EmbeddedServer, statement: str | sql.Composed) -> None:
    """Run one statement that needs a connection outside any transaction."""
    url = urls.with_database(server.url(), "postgres")
    connection = psycopg2.connect(url, connect_timeout=5, options="-c statement_timeout=30000")
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
