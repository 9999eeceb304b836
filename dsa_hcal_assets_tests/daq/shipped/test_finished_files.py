"""A file is announced once it is finished, once, and through restarts."""

import os

import pytest

from dsa_hcal_assets.daq.shipped.finished_files import FinishedFiles
from dsa_hcal_assets.errors import ConfigurationError


@pytest.fixture
def tree(tmp_path):
    directory = tmp_path / "produced"
    directory.mkdir()
    return directory


@pytest.fixture
def watched(tmp_path, tree, clock):
    def watched(*patterns):
        return FinishedFiles(tree, patterns or ("*",), 2.0, tmp_path / "announced.sqlite", clock)

    return watched


def paths(files):
    return [version.path for version in files.finished()]


def test_a_growing_file_is_not_finished_until_it_has_rested(watched, tree, clock):
    files, file = watched(), tree / "run.h5"
    file.write_bytes(b"1")
    files.touched(file)
    for size in range(2, 6):
        clock.now += 1.5
        file.write_bytes(bytes(size))
        assert paths(files) == []
    clock.now += 1.9
    assert paths(files) == []
    clock.now += 0.2

    (version,) = files.finished()
    assert (version.path, version.size) == ("run.h5", 5)


def test_files_that_came_with_a_new_directory_are_found_by_its_name(watched, tree, clock):
    files = watched()
    (tree / "night" / "hall").mkdir(parents=True)
    (tree / "night" / "hall" / "run").write_text("x")
    files.touched(tree / "night")
    clock.now += 3

    assert paths(files) == ["night/hall/run"]


def test_what_was_announced_stays_so_after_a_restart_and_what_came_meanwhile_does_not(watched, tree, clock):
    files = watched()
    (tree / "old").write_text("old")
    files.scan()
    clock.now += 3
    files.announced(*files.finished())
    assert paths(files) == []
    files.close()
    (tree / "night").mkdir()
    (tree / "night" / "new").write_text("new")

    again = watched()
    again.scan()
    clock.now += 3

    assert paths(again) == ["night/new"]


def test_a_file_that_changes_afterwards_is_announced_again(watched, tree, clock):
    files, file = watched(), tree / "table.csv"
    file.write_text("1")
    files.scan()
    clock.now += 3
    files.announced(*files.finished())
    file.write_text("22")
    files.touched(file)
    clock.now += 3

    assert [version.size for version in files.finished()] == [2]


def test_one_that_changes_between_asking_and_announcing_is_not_forgotten(watched, tree, clock):
    files, file = watched(), tree / "table.csv"
    file.write_text("1")
    files.scan()
    clock.now += 3
    (version,) = files.finished()
    file.write_text("22")
    files.announced(version)
    files.touched(file)
    clock.now += 3

    assert [version.size for version in files.finished()] == [2]


def test_only_regular_files_of_the_wanted_names_count(watched, tree, clock):
    (tree / "good.h5").write_text("x")
    for name in ("bad.txt", ".hidden.h5", "half.h5.part", "editor.h5~"):
        (tree / name).write_text("x")
    os.mkfifo(tree / "pipe.h5")
    (tree / "link.h5").symlink_to("/etc/hostname")
    (tree / ".cache").mkdir()
    (tree / ".cache" / "inside.h5").write_text("x")
    files = watched("*.h5")
    files.scan()
    clock.now += 3

    assert paths(files) == ["good.h5"]


def test_a_file_that_vanishes_is_forgotten_and_may_come_again(watched, tree, clock):
    files, file = watched(), tree / "a"
    file.write_text("x")
    files.scan()
    clock.now += 3
    files.announced(*files.finished())
    before = file.stat()
    file.unlink()
    files.scan()
    file.write_text("x")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    files.scan()
    clock.now += 3

    assert paths(files) == ["a"]


def test_several_come_in_the_order_they_were_written(watched, tree, clock):
    for number, name in enumerate("cab"):
        (tree / name).write_text("x")
        os.utime(tree / name, ns=(0, number))
    files = watched()
    files.scan()
    clock.now += 3

    assert paths(files) == ["c", "a", "b"]


def test_a_directory_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="nowhere"):
        FinishedFiles(tmp_path / "nowhere", ("*",), 1.0, tmp_path / "r.sqlite")
