import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def passable_directory() -> Iterator[Path]:
    """A fresh directory; unlike pytest's own, the account of a root's database can pass it."""
    directory = Path(tempfile.mkdtemp(prefix="dsa-hcal-tests-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)
