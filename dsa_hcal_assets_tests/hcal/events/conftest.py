"""The directory events land in."""

from pathlib import Path

import pytest


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    return tmp_path / "incoming" / "events"
