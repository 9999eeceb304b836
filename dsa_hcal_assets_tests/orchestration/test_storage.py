import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster_postgres import DagsterPostgresStorage

from dsa_hcal_assets.database.urls import dagster_url
from dsa_hcal_assets.orchestration.storage import EnvironmentStorage, PooledStorage, pooled_engine

VARIABLE = "DSA_HCAL_DAGSTER_POSTGRES_URL"
ROOT = Path(__file__).parents[2]


def test_runs_are_kept_where_the_variable_says(database, monkeypatch):
    monkeypatch.setenv(VARIABLE, dagster_url(database.url))
    storage = EnvironmentStorage.from_config_value(None, {"variable": VARIABLE})
    assert isinstance(storage, DagsterPostgresStorage)
    assert storage.run_storage.get_runs() == []
    tables = database.rows("select count(*) from information_schema.tables where table_schema = 'dagster'")
    assert tables[0][0] > 5


class TestConnections:
    """Of a storage: kept between its calls, replaced when the server has dropped them, no child's."""

    MINE = "select pg_backend_pid()"

    @pytest.fixture
    def storage(self, database):
        yield PooledStorage(dagster_url(database.url))
        pooled_engine(dagster_url(database.url)).dispose()

    def backend(self, storage):
        with storage.run_storage.connect() as connection:
            return connection.execute(sqlalchemy.text(self.MINE)).scalar()

    def test_all_storages_and_their_parts_share_one(self, storage, database):
        pid = self.backend(storage)
        storage.event_log_storage.get_maximum_record_id()
        storage.schedule_storage.all_instigator_state()
        assert self.backend(PooledStorage(dagster_url(database.url))) == pid

    def test_one_the_server_has_ended_is_replaced_unnoticed(self, storage, database):
        pid = self.backend(storage)
        assert database.rows("select pg_terminate_backend(%s, 5000)", (pid,)) == [(True,)]
        assert storage.run_storage.get_runs() == []
        assert self.backend(storage) != pid

    def test_a_forked_run_opens_its_own(self, storage):
        pid = self.backend(storage)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writing, str(self.backend(storage)).encode())
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        childs = int(os.read(reading, 20))
        os.close(reading), os.close(writing)
        assert childs != pid
        assert self.backend(storage) == pid


def test_the_record_of_the_storage_holds_no_password(database, monkeypatch):
    monkeypatch.setenv(VARIABLE, dagster_url(database.url))
    storage = EnvironmentStorage.from_config_value(None, {"variable": VARIABLE})
    assert VARIABLE in storage.inst_data.config_yaml
    assert "postgresql" not in storage.inst_data.config_yaml


def test_without_the_variable_a_command_gets_a_throw_away_storage_and_is_told(monkeypatch, caplog):
    monkeypatch.delenv(VARIABLE, raising=False)
    storage = EnvironmentStorage.from_config_value(None, {"variable": VARIABLE})
    assert isinstance(storage, DagsterSqliteStorage)
    assert f"{VARIABLE} is not set" in caplog.text


def test_the_shipped_instance_file_is_understood(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    (tmp_path / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.get_settings("run_monitoring")["enabled"] is True
        assert instance.global_op_concurrency_default_limit == 2


def test_definitions_validate_at_the_top_of_the_repository_without_any_environment():
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [str(Path(sys.executable).with_name("dagster")), "definitions", "validate"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "All code locations passed validation" in done.stdout + done.stderr
