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
    """`job.read_sets`, on a library that a set called deadly brings down, and one called odd confuses."""
    if any(Path(path).name == "deadly.ms" for path in paths):
        os.abort()
    if any(Path(path).name == "odd.ms" for path in paths):
        raise KeyError("a column nobody has heard of")
    return job.read_sets(paths)


def test_answers_and_errors_come_back_as_they_were(tiny_set, tmp_path, workers):
    (tmp_path / "picture.ms").mkdir()
    (tmp_path / "picture.ms" / "a.png").write_bytes(b"png")
    facts, error = read_sets(workers, [tiny_set, tmp_path / "picture.ms"], tmp_path / "log")
    assert facts == read_facts(tiny_set)
    assert isinstance(error, NotAMeasurementSet)
    assert error.found == "a.png"


@pytest.mark.parametrize("name", ["deadly.ms", "odd.ms"])
def test_a_set_that_breaks_its_reader_is_an_error_and_the_others_are_read(
    tiny_set, tmp_path, workers, monkeypatch, name
):
    monkeypatch.setattr(reading, "READ_SETS", f"{__name__}:fragile")
    first, error, last = read_sets(workers, [tiny_set, tmp_path / name, tiny_set], tmp_path / "log")
    assert first == last == read_facts(tiny_set)
    assert isinstance(error, HalfCopied)
    assert error.what == f"reading {name} broke its reader"
