"""Private servers of the databases that stores write to, one of each for a test session."""

import itertools
import shutil
import tempfile
from pathlib import Path

import pytest
from psycopg2 import sql

from dsa_hcal_assets_tests import private_servers
from dsa_hcal_assets_tests.conftest import administer

_numbers = itertools.count(1)


def _served(make):
    home = Path(tempfile.mkdtemp(prefix="dsa-hcal-tests-"))
    server = make(home)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(home)


@pytest.fixture(scope="session")
def mariadb():
    yield from _served(private_servers.mariadb)


@pytest.fixture(scope="session")
def redis_server():
    yield from _served(private_servers.redis)


@pytest.fixture
def database_url(request, tmp_path):
    """URL of an empty database of the kind that the test's parameter names."""
    name = f"stores_{next(_numbers)}"
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'a.db'}"
    if request.param == "mariadb":
        server = request.getfixturevalue("mariadb")
        return made_in_mariadb(server, name)
    server = request.getfixturevalue("server")
    administer(server, sql.SQL("create database {}").format(sql.Identifier(name)))
    return server.url(name)


def made_in_mariadb(server, name):
    import sqlalchemy as sa

    engine = sa.create_engine(f"mysql+pymysql://root@{private_servers.HOST}:{server.port}/")
    with engine.begin() as connection:
        connection.exec_driver_sql(f"create database {name}")
    engine.dispose()
    return f"mysql://root@{private_servers.HOST}:{server.port}/{name}"
