from collections.abc import Iterator
from pathlib import Path

import pytest

from dsa_hcal_assets.workers import WorkerClient
from dsa_hcal_assets.workers.own_host import OwnHost

PACKAGES = ("dsa_hcal_assets", "dsa_hcal_assets_tests")


@pytest.fixture(scope="module")
def host() -> Iterator[OwnHost]:
    """A host that serves the functions of `jobs`, without CASA."""
    host = OwnHost(preload=["numpy"], packages=PACKAGES, console_scripts=["ruff", "dagster"])
    yield host
    host.stop()


@pytest.fixture
def client(host: OwnHost) -> WorkerClient:
    return WorkerClient(host.address())


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "job.log"
