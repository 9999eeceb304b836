"""Fixtures of the detector's tests: a ledger on the test's database, and a day that is loaded."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.embedded import EmbeddedServer
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap, load_channel_map
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets_tests.hcal.loaded_day import load_emcal, load_hcal


@pytest.fixture(scope="session")
def channel_map() -> ChannelMap:
    return load_channel_map()


@pytest.fixture(scope="session")
def thresholds() -> Thresholds:
    return Thresholds.load(environ={})


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    return tmp_path / "incoming" / "hcal"


@pytest.fixture
def ledger(database: Database, tmp_path: Path) -> Ledger:
    return Ledger(database, tmp_path / "quarantine")


@pytest.fixture
def loaded(database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap) -> Database:
    """The day of `load_hcal`, for tests that change it."""
    load_hcal(database, ledger, incoming, channel_map)
    return database


@pytest.fixture(scope="session")
def day(
    server: EmbeddedServer,
    migrated_template: str,
    channel_map: ChannelMap,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Database]:
    """The day of `load_hcal`, loaded once, for tests that only read."""
    with closing(psycopg2.connect(server.url("postgres"), connect_timeout=5)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"create database hcal_day template {migrated_template}")
    database = Database(server.url("hcal_day"))
    place = tmp_path_factory.mktemp("day")
    load_hcal(database, Ledger(database, place / "quarantine"), place / "incoming", channel_map)
    yield database
    database.close()


@pytest.fixture(scope="session")
def emcal_day(
    server: EmbeddedServer, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """The day of `load_emcal`, for tests that only read."""
    with closing(psycopg2.connect(server.url("postgres"), connect_timeout=5)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"create database emcal_day template {migrated_template}")
    database = Database(server.url("emcal_day"))
    place = tmp_path_factory.mktemp("emcal_day")
    load_emcal(database, Ledger(database, place / "quarantine"), place / "incoming")
    yield database
    database.close()


@pytest.fixture
def day_ledger(day: Database, tmp_path: Path) -> Ledger:
    return Ledger(day, tmp_path / "quarantine")
