"""Facts through worker processes: what kills one costs only the set that did it."""

import os
from pathlib import Path

import pytest

from dsa_hcal_assets.radio.archive import job, reading
from dsa_hcal_assets.radio.archive.errors import HalfCopied, NotAMeasurementSet
from dsa_hcal_assets.radio.archive.facts import read_facts
from dsa_hcal_assets.radio.archive.reading import read_sets
from dsa_hcal_assets.workers.client import WorkerClient
from dsa_hcal_assets.workers.own_host import OwnHost


@pytest.fixture(scope="module")
def workers():
    """Worker processes that may also run functions of the tests."""
    host = OwnHost(preload=["numpy"], packages=("dsa_hcal_assets", "dsa_hcal_assets_tests"))
    yield WorkerClient(host.address())
    host.stop()


def fragile(paths):
    """`job.read_sets`, on a library that a set called deadly brings down."""
    if any(Path(path).name == "deadly.ms" for path in paths):
        os.abort()
    return job.read_sets(paths)


def test_answers_and_errors_come_back_as_they_were(tiny_set, tmp_path, workers):
    (tmp_path / "picture.ms").mkdir()
    (tmp_path / "picture.ms" / "a.png").write_bytes(b"png")
    facts, error = read_sets(workers, [tiny_set, tmp_path / "picture.ms"], tmp_path / "log")
    assert facts == read_facts(tiny_set)
    assert isinstance(error, NotAMeasurementSet)
    assert error.found == "a.png"


def test_a_set_that_crashes_the_library_is_an_error_and_the_others_are_read(
    tiny_set, tmp_path, workers, monkeypatch
):
    monkeypatch.setattr(reading, "READ_SETS", f"{__name__}:fragile")
    deadly = tmp_path / "deadly.ms"
    first, error, last = read_sets(workers, [tiny_set, deadly, tiny_set], tmp_path / "log")
    assert first == last == read_facts(tiny_set)
    assert isinstance(error, HalfCopied)
    assert "broke casacore" in error.what
