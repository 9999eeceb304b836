"""A durable file is whole under its name, or not there."""

import os
import resource
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from dsa_hcal_assets.daq.durable_file import (
    DiskFull,
    NotADirectory,
    WriteFailed,
    make_directory,
    remove_leftovers,
    replace_durably,
    write_durably,
)
from dsa_hcal_assets.errors import InputConflict


def names(directory):
    return [path.name for path in directory.iterdir()]


@contextmanager
def file_size_limit(size):
    """The kernel refuses files larger than `size`, as a full quota does, in the middle of a write."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_it_holds_exactly_the_bytes_and_leaves_nothing_beside(tmp_path):
    write_durably(tmp_path / "a", b"x" * 300_000)
    assert (tmp_path / "a").read_bytes() == b"x" * 300_000
    assert names(tmp_path) == ["a"]


def test_file_and_directory_are_synced_before_it_returns(tmp_path, monkeypatch):
    synced = []
    real = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda fd: (synced.append(str(Path(f"/proc/self/fd/{fd}").readlink())), real(fd))
    )
    write_durably(tmp_path / "a", b"x")
    part, directory = synced
    assert part.endswith(".part")
    assert directory == str(tmp_path)


def test_the_same_content_again_is_no_conflict(tmp_path):
    write_durably(tmp_path / "a", b"same")
    write_durably(tmp_path / "a", b"same")


@pytest.mark.parametrize("other", [b"else", b"longer than before", b""])
def test_other_content_is_refused_and_the_first_kept(tmp_path, other):
    write_durably(tmp_path / "a", b"same")
    with pytest.raises(InputConflict):
        write_durably(tmp_path / "a", other)
    assert (tmp_path / "a").read_bytes() == b"same"


def test_replacing_takes_the_place_of_the_older_file(tmp_path):
    replace_durably(tmp_path / "a", b"one")
    replace_durably(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"two"


def test_no_room_is_a_typed_transient_error_and_leaves_nothing(tmp_path):
    with file_size_limit(1000), pytest.raises(DiskFull, match="5000 bytes") as caught:
        write_durably(tmp_path / "a", b"x" * 5000)
    assert caught.value.transient
    assert names(tmp_path) == []
    write_durably(tmp_path / "a", b"x" * 5000)


def test_a_missing_directory_is_a_failed_write(tmp_path):
    with pytest.raises(WriteFailed, match="No such file"):
        write_durably(tmp_path / "gone" / "a", b"x")


def test_a_file_in_place_of_the_directory_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotADirectory):
        make_directory(tmp_path / "file")
    with pytest.raises(NotADirectory):
        make_directory(tmp_path / "file" / "below")


def test_killed_before_the_rename_only_a_hidden_part_stays_and_is_removed_later(tmp_path):
    code = (
        "import os, signal, sys, pathlib\n"
        "from dsa_hcal_assets.daq import durable_file\n"
        "pathlib.Path.rename = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        "durable_file.write_durably(pathlib.Path(sys.argv[1]), b'x' * 100)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a")], timeout=60, check=False)
    (part,) = names(tmp_path)
    assert part.startswith(".a.")
    assert [path.name for path in remove_leftovers(tmp_path)] == [part]
    assert names(tmp_path) == []


def test_only_parts_are_removed_as_leftovers(tmp_path):
    for name in ("a.part", ".lock", "b"):
        (tmp_path / name).write_bytes(b"")
    assert remove_leftovers(tmp_path) == []
