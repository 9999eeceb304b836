"""One filled installation for the suites that ask every route."""

from collections.abc import Iterator

import pytest
from psycopg2 import sql

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.access import AccessSettings
from dsa_hcal_assets_tests.conftest import administer
from dsa_hcal_assets_tests.web.pages.filled import fill

# what is tested there is not how often one may ask
UNLIMITED = {"requests_per_minute": 10**6, "actions_per_minute": 10**6, "refusals_per_minute": 10**6}


@pytest.fixture(scope="module")
def standing_database(server, migrated_template, request) -> Iterator[Database]:
    """A migrated database that all tests of a module share."""
    name = request.module.__name__.rpartition(".")[2]
    identifiers = [sql.Identifier(one) for one in (name, migrated_template)]
    administer(server, sql.SQL("create database {} template {}").format(*identifiers))
    database = Database(server.url(name))
    yield database
    database.close()


@pytest.fixture(scope="module")
def filled(standing_database, tmp_path_factory) -> Settings:
    """Settings of an installation at work, whose callers on this machine are admins."""
    access = AccessSettings(local_role="admin", **UNLIMITED)
    state = tmp_path_factory.mktemp("state")
    settings = Settings(state_dir=state, database_url=standing_database.url, access=access)
    fill(standing_database, settings, utc_now())
    return settings
