"""A Measurement Set appears whole or not at all, by way of memory or not; a full disk has a name."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.errors import BadInput, WorkerCrashed
from dsa_hcal_assets.orchestration.failures import RETRIES
from dsa_hcal_assets.products.store import StorageFailed
from dsa_hcal_assets.radio.conversion import job, staging
from dsa_hcal_assets.radio.ingest.uvh5 import read_header
from dsa_hcal_assets_tests.crash import crash_at
from dsa_hcal_assets_tests.radio import uvh5_files

pytestmark = pytest.mark.radio
NEEDED = 1 << 20


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that stands for /dev/shm."""
    place = tmp_path / "shm"
    place.mkdir()
    monkeypatch.setattr(staging, "MEMORY", place)
    return place


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "product").mkdir()
    return tmp_path / "product" / "group.ms"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    directory = tmp_path_factory.mktemp("group")
    return uvh5_files.write_group(directory, range(2), channels=64, integrations=4, antennas=8)


def fill(path: Path) -> None:
    path.mkdir()
    (path / "table.dat").write_bytes(b"rows")
    (path / "FIELD").mkdir()
    (path / "FIELD" / "table.dat").write_bytes(b"fields")


def held(memory: Path) -> list[Path]:
    return [path for path in memory.rglob("*") if path.is_file()]


@pytest.mark.parametrize("ram", ["on", "auto", "off"])
def test_it_is_written_in_memory_only_when_that_is_asked_for_and_copied_whole(memory, out, ram):
    with staging.writing(out, NEEDED, ram) as place:
        assert place.is_relative_to(memory) == (ram == "on")
        fill(place)
        assert not out.exists()
    assert (out / "table.dat").read_bytes() == b"rows"
    assert (out / "FIELD" / "table.dat").read_bytes() == b"fields"
    assert list(out.parent.iterdir()) == [out]
    assert held(memory) == []


def test_auto_means_memory_when_products_are_on_a_network_file_system(memory, out, monkeypatch):
    monkeypatch.setattr(staging, "file_system", lambda _: "nfs4")
    assert staging.wants_memory(out.parent, NEEDED, "auto")
    assert not staging.wants_memory(out.parent, NEEDED, "off")


def test_the_file_system_is_the_kernels_word_for_the_deepest_mount(tmp_path):
    assert staging.file_system(Path("/proc/self")) == "proc"
    link = tmp_path / "elsewhere"
    link.symlink_to("/proc")
    assert staging.file_system(link) == "proc"


@pytest.mark.parametrize("obstacle", ["size", "container"])
def test_what_does_not_fit_into_memory_goes_to_the_disk_at_once(memory, out, monkeypatch, tmp_path, obstacle):
    free = staging.free_memory()
    assert staging.wants_memory(out.parent, free - staging.MEMORY_MARGIN - (256 << 20), "on")
    if obstacle == "size":
        needed = free
    else:
        (tmp_path / "memory.max").write_text(f"{8 << 30}\n")
        (tmp_path / "memory.current").write_text(f"{7 << 30}\n")
        monkeypatch.setattr(staging, "CGROUP", tmp_path)
        needed = NEEDED
    assert not staging.wants_memory(out.parent, needed, "on")


@pytest.mark.parametrize("ram", ["on", "off"])
def test_a_failure_leaves_nothing_anywhere(memory, out, ram):
    def fail() -> None:
        with staging.writing(out, NEEDED, ram) as place:
            fill(place)
            raise BadInput("broken")

    with pytest.raises(BadInput):
        fail()
    assert list(out.parent.iterdir()) == []
    assert held(memory) == []


def test_what_a_killed_conversion_left_in_memory_goes_with_the_next_one(memory, out):
    def victim(checkpoint):
        with staging.writing(out, NEEDED, "on") as place:
            fill(place)
            checkpoint("written")

    crash_at("written", signal.SIGKILL, victim)
    assert held(memory)
    with staging.writing(out, NEEDED, "off") as place:
        fill(place)
    assert held(memory) == []


def test_a_living_conversions_memory_is_left_alone(memory, out):
    with staging.writing(out, NEEDED, "on") as place:
        fill(place)
        assert staging.sweep() == []
        assert (place / "table.dat").is_file()


def test_too_little_room_is_told_before_anything_is_written(memory, out):
    def start() -> None:
        with staging.writing(out, 1 << 60):
            pytest.fail("there is no such disk")

    with pytest.raises(StorageFailed) as caught:
        start()
    assert caught.value.transient
    assert caught.value.expected == f"room for {1 << 60} bytes"
    assert "bytes free" in caught.value.found
    assert RETRIES.max_retries


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS])
def test_refusals_of_the_disk_are_transient_storage_failures(tmp_path, number):
    with pytest.raises(StorageFailed, match=os.strerror(number)), staging.storage_failures(tmp_path, NEEDED):
        raise OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    "error", [FileNotFoundError(errno.ENOENT, "gone"), RuntimeError("no such column"), WorkerCrashed("died")]
)
def test_other_errors_pass_as_they_are(tmp_path, error):
    with pytest.raises(type(error)) as caught, staging.storage_failures(tmp_path, NEEDED):
        raise error
    assert caught.value is error


def test_a_worker_that_casacore_ended_by_a_write_error_is_a_storage_failure(tmp_path):
    tail = "terminate called\n  what():  FilebufIO: write error for file x: No space left on device"
    with pytest.raises(StorageFailed, match="No space left on device"), staging.storage_failures(tmp_path):
        raise WorkerCrashed("the process ended without a result (SIGABRT)", found=tail)


@settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow])
@given(
    antennas=st.integers(2, 12),
    integrations=st.integers(1, 6),
    channels=st.integers(1, 64),
    subbands=st.integers(1, 4),
    layout=st.sampled_from(["single", "per-subband"]),
)
def test_the_expected_size_is_never_too_small(
    tmp_path_factory, antennas, integrations, channels, subbands, layout
):
    directory = tmp_path_factory.mktemp("size")
    made = uvh5_files.write_group(
        directory, range(subbands), channels=channels, integrations=integrations, antennas=antennas
    )
    choices = {"spw_layout": layout}
    job.convert([str(path) for path in made], str(directory / "a.ms"), "dsa110", choices=choices)
    blocks = sum(path.stat().st_blocks * 512 for path in (directory / "a.ms").rglob("*"))
    written = 16 if layout == "single" else subbands
    assert blocks <= staging.expected_bytes(read_header(made[0]), written)


def test_the_expected_size_of_a_full_group_is_not_far_above_the_truth(files):
    header = read_header(files[0])
    # 2 hands x 768 channels x 111744 rows of 8 bytes and a bit are 1.39 GB
    full = type(header)(
        **{
            **vars(header),
            "times_jd": range(111_744),
            "frequencies_hz": range(48),
        }
    )
    assert 1.40e9 < staging.expected_bytes(full, 16) < 1.7e9


@pytest.mark.parametrize("ram", ["on", "off"])
def test_both_ways_make_the_same_set(memory, files, tmp_path, ram):
    reference = job.convert([str(path) for path in files], str(tmp_path / "reference.ms"), "dsa110")
    report = job.convert([str(path) for path in files], str(tmp_path / "a.ms"), "dsa110", ram_staging=ram)
    assert report["inputs"] == reference["inputs"]
    for name in ("table.f7_TSM1", "table.f1_TSM1", "ANTENNA/table.f0", "FIELD/table.f0"):
        assert (tmp_path / "a.ms" / name).read_bytes() == (tmp_path / "reference.ms" / name).read_bytes()


@pytest.mark.parametrize("limit", [50_000, 250_000])
def test_a_disk_that_fills_under_a_worker_is_a_storage_failure_and_the_next_conversion_works(
    workers, files, out, tmp_path, limit
):
    """Whatever casacore makes of it: an exception, or the end of the process."""
    arguments = {"files": [str(path) for path in files], "out": str(out), "profile": "dsa110"}
    with pytest.raises(StorageFailed) as caught, staging.storage_failures(out.parent):
        workers.call(
            "dsa_hcal_assets_tests.radio.conversion.faulty_jobs:with_file_limit",
            {"limit": limit, "arguments": arguments},
            wall_seconds=60,
            log=tmp_path / "a.log",
        )
    assert caught.value.transient
    assert "bytes free" in caught.value.found
    assert not out.exists()
    convert = "dsa_hcal_assets.radio.conversion.job:convert"
    workers.call(convert, arguments, wall_seconds=60, log=tmp_path / "b.log")
    assert (out / "table.dat").is_file()


CONVERTED = """
import json, sys
from dsa_hcal_assets.errors import PlatformError
from dsa_hcal_assets.radio.conversion import job
out, *files = sys.argv[1:]
try:
    job.convert(files, out, "dsa110")
except PlatformError as error:
    print(json.dumps(error.as_record()))
"""
# what is staged in memory meets the full disk only when it is copied
COPIED = """
import sys
from pathlib import Path
from dsa_hcal_assets.products.store import StorageFailed
from dsa_hcal_assets.radio.conversion import staging
out = Path(sys.argv[1])
try:
    with staging.writing(out, 1, "on") as place:
        place.mkdir()
        (place / "table.f7_TSM1").write_bytes(bytes(2 << 20))
except StorageFailed as error:
    print(error.found, list(out.parent.iterdir()))
"""


def test_a_disk_that_is_too_small_for_what_was_staged_in_memory_is_left_empty(tmp_path):
    if not may_mount():
        pytest.skip("SKIPPED FOR WANT OF PRIVILEGE: no file system may be mounted here")
    told = on_small_disk(tmp_path, COPIED)
    assert "No space left on device" in told
    assert told.endswith("[]\n")


def on_small_disk(home: Path, script: str, *arguments: str) -> str:
    """Run `script` with a directory to write on a file system of 1 MiB; return what it prints."""
    (home / "small").mkdir()
    (home / "script.py").write_text(script)
    inner = f'mount -t tmpfs -o size=1m none {home}/small && exec "$@"'
    command = ["unshare", "-m", "sh", "-c", inner, "sh", sys.executable, str(home / "script.py")]
    out = str(home / "small" / "a.ms")
    done = subprocess.run([*command, out, *arguments], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def may_mount() -> bool:
    command = ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"]
    return bool(shutil.which("unshare")) and subprocess.run(command, capture_output=True).returncode == 0


def test_a_file_system_without_room_is_told_with_both_numbers(files, tmp_path):
    if not may_mount():
        pytest.skip("SKIPPED FOR WANT OF PRIVILEGE: no file system may be mounted here")
    told = json.loads(on_small_disk(tmp_path, CONVERTED, *map(str, files)))
    assert (told["error"], told["transient"]) == ("StorageFailed", True)
    assert int(told["expected"].split()[2]) > 1 << 20
    assert int(told["found"].split()[0]) <= 1 << 20
