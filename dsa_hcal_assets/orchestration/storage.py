"""Where Dagster keeps runs, events and schedules: PostgreSQL, named by the environment.

dagster.yaml stands at the top of the repository, and Dagster takes it for every command run there.
With dagster-postgres named in it directly, `dagster definitions validate` would demand a running
database to look at code. Here it gets a throw-away storage, and says so.
"""

import atexit
import functools
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from dagster import DagsterInstance, Field
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage

from dsa_hcal_assets.database.urls import dagster_url

log = logging.getLogger(__name__)

IDLE_CONNECTIONS = 3
# databases in which this process has seen Dagster's tables
_with_tables: set[str] = set()


@contextmanager
def opened_instance(database_url: str) -> Iterator[DagsterInstance]:
    """Give a command the runs, events and partition keys of a platform, running or not.

    It launches nothing, so it needs no more of the platform's Dagster home than its database, which
    holds Dagster's tables beside the platform's own.
    """
    storage = {
        "module": "dagster_postgres",
        "class": "DagsterPostgresStorage",
        "config": {"postgres_url": dagster_url(database_url)},
    }
    with (
        tempfile.TemporaryDirectory(prefix="dagster-command-") as place,
        DagsterInstance.local_temp(place, overrides={"storage": {"custom": storage}}) as instance,
    ):
        yield instance


class PooledStorage(DagsterPostgresStorage):
    """dagster-postgres that keeps connections open between its calls.

    It makes a new one for every call by itself, and a code server a new storage for every tick of a
    sensor: a platform that had nothing to do took half a core, most of it for 34 connections a second at
    8 ms of the server's and 3 ms of the caller's time. Here all storages of a process on one database
    share their connections, and only the first looks for its tables.

    Parameters
    ----------
    postgres_url
        SQLAlchemy's URL of the database.
    inst_data
        What Dagster shows and hands on as this storage's configuration.
    """

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(postgres_url, postgres_url not in _with_tables, inst_data)
        _with_tables.add(postgres_url)
        engine = pooled_engine(postgres_url)
        for part in (self._run_storage, self._event_log_storage, self._schedule_storage):
            part._engine = engine


@functools.cache
def pooled_engine(url: str) -> sqlalchemy.Engine:
    """Return this process's connections to a database; one that the server has dropped is replaced on use."""
    engine = sqlalchemy.create_engine(
        url, isolation_level="AUTOCOMMIT", pool_size=IDLE_CONNECTIONS, max_overflow=-1, pool_pre_ping=True
    )
    # the connections of a process are not those of a run it forks
    os.register_at_fork(after_in_child=functools.partial(engine.dispose, close=False))
    return engine


class EnvironmentStorage(DagsterPostgresStorage):
    """Makes the storage that the environment names; it is never one itself."""

    @classmethod
    def config_type(cls) -> dict[str, Field]:
        """Return the options accepted in dagster.yaml."""
        return {"variable": Field(str, description="Environment variable that holds the SQLAlchemy URL")}

    @classmethod
    def from_config_value(  # type: ignore[override]  # Dagster asks for a DagsterStorage, and gets one
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> DagsterStorage:
        """Return the storage on the URL of the variable, or a throw-away storage without it."""
        variable = config_value["variable"]
        url = os.environ.get(variable)
        if url:
            return PooledStorage(url, inst_data=_postgres_record(variable))
        place = tempfile.mkdtemp(prefix="dagster-without-platform-")
        atexit.register(shutil.rmtree, place, ignore_errors=True)
        log.warning(
            "%s is not set: runs and events of this command go to %s, for itself only", variable, place
        )
        return DagsterSqliteStorage.from_local(place, inst_data)


def _postgres_record(variable: str) -> ConfigurableClassData:
    # names the variable, never the URL: it holds a password
    return ConfigurableClassData(
        "dagster_postgres", "DagsterPostgresStorage", f"postgres_url: {{env: {variable}}}\n"
    )
