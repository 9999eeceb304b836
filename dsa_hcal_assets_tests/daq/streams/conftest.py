"""Places for streams, in memory and on disk, of which nothing may be left."""

import gc
import shutil

import pytest

from dsa_hcal_assets.daq.streams.files import memory_directory
from dsa_hcal_assets.daq.streams.opening import StreamPlace


@pytest.fixture(params=["memory", "disk"])
def place(request, tmp_path):
    yield from _place(tmp_path, request.param == "memory")


@pytest.fixture
def memory_place(tmp_path):
    yield from _place(tmp_path, True)


def _place(directory, shared_memory):
    place = StreamPlace(directory / "run", shared_memory=shared_memory)
    yield place
    gc.collect()
    shutil.rmtree(memory_directory(place), ignore_errors=True)
