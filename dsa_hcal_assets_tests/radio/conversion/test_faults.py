"""Files that were sound at ingest and are damaged, gone or something else when they are converted.

Each costs its own conversion a typed error and leaves nothing; the next conversion works.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from dsa_hcal_assets.errors import BadInput, WorkerCrashed
from dsa_hcal_assets.radio.conversion import job
from dsa_hcal_assets.radio.ingest.errors import InconsistentGroup, UnreadableSubband
from dsa_hcal_assets.radio.ingest.uvh5 import read_header
from dsa_hcal_assets.workers.client import WorkerClient
from dsa_hcal_assets_tests.radio import uvh5_files

pytestmark = pytest.mark.radio
CONVERT = "dsa_hcal_assets.radio.conversion.job:convert"
FAULTY = "dsa_hcal_assets_tests.radio.conversion.faulty_jobs"
CUTS, CHANGES = 20, 8


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    directory = tmp_path_factory.mktemp("sound")
    return uvh5_files.write_group(directory, range(2), channels=8, integrations=3, antennas=4)


class Bench:
    """A group of two subbands, the second of which suffers, and a worker to convert it."""

    def __init__(self, home: Path, sound: list[Path], workers: WorkerClient) -> None:
        self.home, self.workers = home, workers
        (home / "incoming").mkdir()
        (home / "product").mkdir()
        self.files = [Path(shutil.copy(path, home / "incoming")) for path in sound]
        self.victim = self.files[1]

    def convert(self, function: str = CONVERT, files: list[Path] | None = None) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "files": [str(path) for path in files or self.files],
            "out": str(self.home / "product" / "group.ms"),
            "profile": "dsa110",
        }
        asked = arguments if function == CONVERT else {"arguments": arguments}
        answer: dict[str, Any] = self.workers.call(
            function, asked, wall_seconds=60, log=self.home / "convert.log"
        )
        return answer

    def nothing_is_left(self) -> bool:
        return list((self.home / "product").iterdir()) == []


@pytest.fixture
def bench(tmp_path: Path, sound: list[Path], workers: WorkerClient) -> Bench:
    return Bench(tmp_path, sound, workers)


def test_a_file_cut_anywhere_since_ingest_is_unreadable(bench, sound):
    whole = sound[1].read_bytes()
    for length in np.random.default_rng(110).integers(0, len(whole), CUTS).tolist():
        bench.victim.write_bytes(whole[:length])
        with pytest.raises(UnreadableSubband, match=bench.victim.name):
            job.convert(
                [str(path) for path in bench.files], str(bench.home / "product" / "group.ms"), "dsa110"
            )
        assert bench.nothing_is_left()
    bench.victim.write_bytes(whole)
    assert bench.convert()["rows"] > 0


def test_bytes_changed_anywhere_since_ingest_are_a_typed_error_or_another_checksum(bench, sound):
    """Visibilities have no checksum in the file; the report's tells that they are not those of ingest."""
    whole = sound[1].read_bytes()
    ingested = bench.convert()["inputs"]
    refused = 0
    for start in np.random.default_rng(111).integers(8, len(whole) - 64, CHANGES).tolist():
        shutil.rmtree(bench.home / "product" / "group.ms", ignore_errors=True)
        changed = bytes(byte ^ 0xFF for byte in whole[start : start + 64])
        bench.victim.write_bytes(whole[:start] + changed + whole[start + 64 :])
        try:
            report = bench.convert()
        except (BadInput, WorkerCrashed):
            refused += 1
            assert bench.nothing_is_left()
        else:
            assert report["inputs"] != ingested
    assert 0 < refused < CHANGES


def test_damaged_header_datasets_are_named(bench):
    for name in ("freq_array", "time_array", "antenna_positions"):
        before = bench.victim.read_bytes()
        with h5py.File(bench.victim, "r+") as file:
            values = file["Header"][name]
            values[...] = np.full(values.shape, np.nan)
        with pytest.raises(BadInput, match=name):
            bench.convert()
        bench.victim.write_bytes(before)


@pytest.mark.parametrize("what", ["times", "antenna positions", "band"])
def test_a_subband_of_another_observation_is_refused_by_name(bench, what):
    with h5py.File(bench.victim, "r+") as file:
        header = file["Header"]
        if what == "times":
            header["time_array"][...] = header["time_array"][()] + 13 / 86400
        elif what == "antenna positions":
            header["antenna_positions"][1, 0] += 0.1
        else:
            header["freq_array"][...] = read_header(bench.files[0]).frequencies_hz
    with pytest.raises(InconsistentGroup, match=bench.victim.name):
        bench.convert()
    assert bench.nothing_is_left()


def test_a_file_that_became_something_else_is_refused_at_once(bench):
    becomes = {
        "No such file": lambda path: None,
        "Is a directory": lambda path: path.mkdir(),
        "a special file": os.mkfifo,
        "0 bytes": lambda path: path.touch(),
    }
    for complaint, become in becomes.items():
        shutil.rmtree(bench.victim) if bench.victim.is_dir() else bench.victim.unlink(missing_ok=True)
        become(bench.victim)
        with pytest.raises(UnreadableSubband, match=complaint):
            bench.convert()
        assert bench.nothing_is_left()


def test_visibilities_that_are_no_numbers_are_zeroed_flagged_and_counted(bench):
    with h5py.File(bench.victim, "r+") as file:
        file["Data/visdata"][2, 1] = np.nan
        file["Data/visdata"][3, 1] = np.inf
    report = bench.convert()
    assert report["not_finite"] == 4
    from casacore import tables

    with tables.table(str(bench.home / "product" / "group.ms"), ack=False) as main:
        assert np.isfinite(main.getcol("DATA")).all()


def test_a_crash_inside_the_library_is_a_typed_error_and_costs_nothing_else(bench):
    with pytest.raises(WorkerCrashed, match="SIGSEGV") as caught:
        bench.convert(f"{FAULTY}:crashing_while_reading")
    assert caught.value.transient
    assert not (bench.home / "product" / "group.ms").exists()
    shutil.rmtree(bench.home / "product")
    (bench.home / "product").mkdir()
    assert bench.convert()["rows"] > 0


def test_a_file_this_user_may_not_read_says_so(bench):
    """Permissions do not bind root: a child becomes somebody else and reads."""
    if os.getuid() != 0:
        bench.victim.chmod(0)
        with pytest.raises(UnreadableSubband, match="Permission denied"):
            read_header(bench.victim)
        return
    bench.victim.chmod(0o600)
    # not in one of pytest's own directories, which are closed to others
    outside = Path("/tmp") / f"c{os.getpid()}.hdf5"
    shutil.move(bench.victim, outside)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgid(65534)
            os.setuid(65534)
            read_header(outside)
        except BaseException as error:  # noqa: BLE001 - told to the parent
            os.write(writer, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as pipe:
        told = pipe.read()
    outside.unlink()
    assert told.startswith("UnreadableSubband")
    assert "Permission denied" in told
    assert "give the platform read permission" in told
