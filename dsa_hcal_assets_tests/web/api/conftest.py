"""Fixtures of the API's resources: an installation on a fresh database, and a caller on its own machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.products import ProductStore
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web.app import create_app
from dsa_hcal_assets_tests.radio.landed import Site
from dsa_hcal_assets_tests.web.callers import local


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path, database_url=database.url)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with local(create_app(settings)) as client:
        yield client


@pytest.fixture
def away(tmp_path: Path) -> Iterator[TestClient]:
    """A caller of an installation whose database does not answer."""
    settings = Settings(state_dir=tmp_path, database_url="postgresql://user@127.0.0.1:9/d")
    with local(create_app(settings)) as client:
        yield client


@pytest.fixture
def site(tmp_path: Path, database: Database) -> Site:
    """Where groups land; its products are those of `settings`."""
    return Site(tmp_path, database)


@pytest.fixture
def store(settings: Settings, database: Database) -> ProductStore:
    return ProductStore(settings.products, database)
