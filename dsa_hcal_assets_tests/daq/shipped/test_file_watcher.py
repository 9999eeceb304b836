"""The job announces files that finish while it runs, those that came while it was down, and none twice."""

import time

import pytest

from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets.daq.shipped.file_watcher import FileWatcher


@pytest.fixture
def tree(tmp_path):
    directory = tmp_path / "produced"
    directory.mkdir()
    return directory


@pytest.fixture
def started(make_job, tree):
    def started(**keys):
        job = make_job(FileWatcher, directory=str(tree), settle=0.05, **keys)
        job.setup()
        return job

    return started


def until(job, count, sent):
    """Step until `count` announcements have come; give up after ten seconds."""
    found, deadline = [], time.monotonic() + 10
    while len(found) < count and time.monotonic() < deadline:
        job.step()
        found += [decode(message) for message in sent()]
    return found


def end(job):
    job.teardown()
    job.close()


def test_a_file_that_comes_is_announced_with_what_a_reader_needs(started, tree, sent):
    job = started(rescan="1h")
    file = tree / "night" / "run 1.h5"
    file.parent.mkdir()
    file.write_bytes(bytes(1000))

    (found,) = until(job, 1, sent)

    assert (found["path"], found["name"], found["size_bytes"]) == (str(file), "night/run 1.h5", 1000)
    assert found["modified"].endswith("+00:00")


def test_after_a_restart_old_files_are_not_announced_and_new_ones_are(started, tree, sent):
    (tree / "old").write_text("old")
    first = started()
    assert [one["name"] for one in until(first, 1, sent)] == ["old"]
    end(first)
    (tree / "while down").write_text("new")

    again = started()

    assert [one["name"] for one in until(again, 1, sent)] == ["while down"]


def test_killed_between_sending_and_remembering_it_announces_again_the_same(started, tree, sent, monkeypatch):
    (tree / "file").write_text("x")
    first = started()

    def killed(version):
        raise KeyboardInterrupt

    monkeypatch.setattr(first._files, "announced", killed)
    with pytest.raises(KeyboardInterrupt):
        until(first, 1, sent)
    before = [decode(message) for message in sent()]
    end(first)

    assert until(started(), 1, sent) == before
