from collections.abc import Iterator
from pathlib import Path

import pytest

from dsa_hcal_assets_tests.daq.supervisor.acquisition import Acquisition


@pytest.fixture
def acquisition(tmp_path: Path) -> Iterator[Acquisition]:
    acquisition = Acquisition(tmp_path)
    yield acquisition
    acquisition.close()
