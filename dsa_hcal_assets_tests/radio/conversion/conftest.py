"""Workers that also serve the faulty conversions of these tests."""

from collections.abc import Iterator

import pytest

from dsa_hcal_assets.workers.client import WorkerClient
from dsa_hcal_assets.workers.own_host import OwnHost

# all a conversion imports: a forked worker that had to do it would take longer for that than for its work
PRELOAD = ("casacore.tables", "pyuvdata.utils", "dsa_hcal_assets.radio.conversion.job")


@pytest.fixture(scope="session")
def worker_host() -> Iterator[OwnHost]:
    """A host of real worker processes."""
    host = OwnHost(preload=PRELOAD, packages=("dsa_hcal_assets", "dsa_hcal_assets_tests"))
    yield host
    host.stop()


@pytest.fixture
def workers(worker_host: OwnHost) -> WorkerClient:
    """A client of the host."""
    return WorkerClient(worker_host.address())
