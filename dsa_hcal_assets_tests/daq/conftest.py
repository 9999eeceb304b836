"""What tests of acquisition share: importable job types, and no shared memory left behind."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import dsa_hcal_assets_tests
from dsa_hcal_assets.daq.streams.configuration import SHARED_MEMORY
from dsa_hcal_assets.daq.streams.files import MEMORY_PREFIX, OWNER_FILE

_ROOT = Path(dsa_hcal_assets_tests.__file__).parents[1]


@pytest.fixture(autouse=True)
def _importable_by_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processes a test starts import the job types of the tests."""
    known = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(_ROOT), *([known] if known else [])]))


@pytest.fixture(autouse=True)
def _no_shared_memory_left(tmp_path: Path) -> Iterator[None]:
    """Free the streams in memory of the run directories of a test, which nobody will run again."""
    yield
    for directory in SHARED_MEMORY.glob(f"{MEMORY_PREFIX}*"):
        owner = directory / OWNER_FILE
        if owner.exists() and tmp_path.resolve() in Path(owner.read_text()).parents:
            shutil.rmtree(directory)
