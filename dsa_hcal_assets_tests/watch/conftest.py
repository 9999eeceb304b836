"""An installation on a fresh database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.settings import Settings


@pytest.fixture
def installation(database: Database, tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(Settings(state_dir=tmp_path, database_url=database.url))
    yield installation
    installation.database.close()
