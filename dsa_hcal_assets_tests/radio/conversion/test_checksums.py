"""Checksums taken while files are read, and files that do not stay what they were."""

import hashlib
import os

import pytest

from dsa_hcal_assets.radio.conversion.checksums import Checksums, sha256_of
from dsa_hcal_assets.radio.conversion.errors import SubbandChanged
from dsa_hcal_assets.radio.conversion.stopwatch import Stopwatch
from dsa_hcal_assets.radio.ingest.errors import UnreadableSubband


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / name for name in ("one", "two")]
    for path in paths:
        path.write_bytes(path.name.encode() * 100_000)
    return paths


def test_a_checksum_is_that_of_the_bytes(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    # FIPS 180-2, example B.1
    assert sha256_of(tmp_path / "x").startswith("ba7816bf8f01cfea414140de5dae2223")


def test_every_file_has_its_checksum_in_the_end_and_the_time_is_kept(files):
    watch = Stopwatch()
    with Checksums(files, watch) as checksums:
        sums = checksums.finish()
    assert sums == {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    assert watch.seconds["hash"] > 0


def grown(path):
    with path.open("ab") as raw:
        raw.write(b"more")


def rewritten(path):
    before = path.stat()
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


def replaced(path):
    before, other = path.stat(), path.with_name("other")
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(path)


@pytest.mark.parametrize("change", [grown, rewritten, replaced])
def test_a_file_that_changes_meanwhile_is_an_error_that_may_pass(files, change):
    with Checksums(files, Stopwatch()) as checksums:
        change(files[1])
        with pytest.raises(SubbandChanged, match="two changed while it was converted") as raised:
            checksums.finish()
    assert raised.value.transient


def test_a_file_that_is_not_there_or_goes_away_is_named(files, tmp_path):
    with pytest.raises(UnreadableSubband, match="absent cannot be opened"):
        Checksums([tmp_path / "absent"], Stopwatch())
    with Checksums(files, Stopwatch()) as checksums:
        assert len(checksums.finish()) == 2
        files[0].unlink()
        with pytest.raises(UnreadableSubband, match="one cannot be opened"):
            checksums.finish()
