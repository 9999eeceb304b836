"""What tests of acquisition share: job types of the tests can be imported by the processes they start."""

import os
from pathlib import Path

import pytest

import dsa_hcal_assets_tests

_ROOT = Path(dsa_hcal_assets_tests.__file__).parents[1]


@pytest.fixture(autouse=True)
def _importable_by_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    known = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(_ROOT), *([known] if known else [])]))
