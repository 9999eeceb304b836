"""Workers that also serve the faulty conversions of these tests."""

from collections.abc import Iterator

import pytest

from dsa_hcal_assets.workers.client import WorkerClient
from dsa_hcal_assets.workers.own_host import OwnHost


@pytest.fixture(scope="session")
def workers() -> Iterator[WorkerClient]:
    """A client of real worker processes."""
    host = OwnHost(preload=["casacore.tables", "h5py"], packages=("dsa_hcal_assets", "dsa_hcal_assets_tests"))
    yield WorkerClient(host.address())
    host.stop()
