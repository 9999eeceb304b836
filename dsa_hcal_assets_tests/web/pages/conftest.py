"""A platform at work, served once for all pages, and a browser to look at it with."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser
from psycopg2 import sql

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.embedded import EmbeddedServer
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets_tests.conftest import administer
from dsa_hcal_assets_tests.web.pages import filled
from dsa_hcal_assets_tests.web.pages.browsing import Opened, chromium, opened
from dsa_hcal_assets_tests.web.serving import served


@dataclass(frozen=True)
class Platform:
    """A platform with its pages."""

    address: str
    database: Database
    settings: Settings


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def platform(
    server: EmbeddedServer, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """A platform at work (`filled`), with news every fifth of a second."""
    copy = sql.SQL("create database pages template {} strategy file_copy")
    administer(server, copy.format(sql.Identifier(migrated_template)))
    database = Database(server.url("pages"), statement_seconds=20)
    settings = Settings(
        state_dir=tmp_path_factory.mktemp("pages"), database_url=database.url, live={"poll_seconds": 0.2}
    )
    filled.fill(database, settings, utc_now())
    with served(settings) as port:
        yield Platform(f"http://127.0.0.1:{port}", database, settings)
    database.close()
    administer(server, sql.SQL("drop database pages with (force)"))


@pytest.fixture
def tab(browser: Browser) -> Iterator[Opened]:
    """A new page; whatever it complained of fails the test."""
    with opened(browser) as tab:
        yield tab
        assert tab.complaints == []
