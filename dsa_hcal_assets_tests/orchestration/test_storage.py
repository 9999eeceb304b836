import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster_postgres import DagsterPostgresStorage

from dsa_hcal_assets.database.urls import dagster_url
from dsa_hcal_assets.orchestration.storage import EnvironmentStorage

VARIABLE = "DSA_HCAL_DAGSTER_POSTGRES_URL"
ROOT = Path(__file__).parents[2]


def test_runs_are_kept_where_the_variable_says(database, monkeypatch):
    monkeypatch.setenv(VARIABLE, dagster_url(database.url))
    storage = EnvironmentStorage.from_config_value(None, {"variable": VARIABLE})
    assert isinstance(storage, DagsterPostgresStorage)
    assert storage.run_storage.get_runs() == []
    tables = database.rows("select count(*) from information_schema.tables where table_schema = 'dagster'")
    assert tables[0][0] > 5


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
