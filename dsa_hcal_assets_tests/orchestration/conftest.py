"""An installation on a fresh database, and an ephemeral Dagster instance."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.urls import dagster_url
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.settings import Settings

INSTANCE_FILE = Path(__file__).parents[2] / "dagster.yaml"


@pytest.fixture
def installation(database: Database, tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(Settings(state_dir=tmp_path, database_url=database.url))
    yield installation
    installation.database.close()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def postgres_instance(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """An instance as the platform has it: shipped configuration, tables beside the platform's own."""
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text(INSTANCE_FILE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setenv("DSA_HCAL_DAGSTER_POSTGRES_URL", dagster_url(database.url))
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance
