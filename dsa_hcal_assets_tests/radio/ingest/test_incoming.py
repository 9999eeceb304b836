"""What is whole and new in a directory: never a file that grows, never the same one twice, none left out."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.radio.ingest.incoming import RELIST_SECONDS, RETRY_SECONDS, IncomingDirectory, Ready

SETTLE = 5.0


class Landing:
    """A directory, a clock that tests move, and the names a ledger would have."""

    def __init__(self, root: Path, settle_seconds: float = SETTLE) -> None:
        self.root = root
        self.seconds = 100.0
        self.known: set[str] = set()
        self.asked: list[str] = []
        self.listed = 0
        self.settle_seconds = settle_seconds
        self.restart()

    def restart(self) -> None:
        self.directory = IncomingDirectory(
            self.root, self._wanted, self.settle_seconds, clock=lambda: self.seconds
        )

    def _wanted(self, name: str) -> bool:
        return name.startswith("s")

    def _unknown(self, names):
        self.asked += names
        return sorted(set(names) - self.known)

    def look(self, after: float = 0.5, most: int = 10) -> Ready:
        self.seconds += after
        return self.directory.look(self._unknown, most)

    def take(self, after: float = 0.5, most: int = 10) -> list[str]:
        """Look and take everything that is ready."""
        taken = [path.name for path in self.look(after, most).paths]
        for name in taken:
            self.known.add(name)
            self.directory.done(name)
        return taken

    def write(self, name: str, content: str = "x", mtime: float | None = None) -> None:
        (self.root / name).write_text(content)
        if mtime is not None:
            os.utime(self.root / name, (mtime, mtime))


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path)


@pytest.mark.parametrize("mtime", [None, 1.0, 4e9], ids=["now", "far in the past", "far in the future"])
def test_a_file_is_whole_once_it_was_seen_unchanged_whatever_its_time_stamp_says(landing, mtime):
    landing.write("s1", mtime=mtime)
    assert landing.take() == []
    assert landing.take(4.9) == []
    assert landing.take(0.2) == ["s1"]
    assert landing.take(60) == []


def test_a_copy_that_keeps_an_old_time_stamp_is_not_read_while_it_grows(landing):
    for size in range(1, 20):
        landing.write("s1", "x" * size, mtime=1.0)
        assert landing.take(4) == []
    assert landing.take(5) == ["s1"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.integers(1, 8), st.integers(0, 3)), min_size=1, max_size=12),
    last=st.integers(5, 20),
)
def test_whenever_it_is_looked_a_growing_file_is_handed_out_only_after_a_quiet_time(
    tmp_path_factory, steps, last
):
    """A writer appends between looks, whenever; what was handed out had been quiet for long enough."""
    landing = Landing(tmp_path_factory.mktemp("growing"))
    size, seen_size, quiet_since = 1, None, 0.0
    landing.write("s1", "x")
    for pause, growth in steps:
        size += growth
        landing.write("s1", "x" * size, mtime=1.0)
        taken = landing.take(pause)
        if size != seen_size:
            seen_size, quiet_since = size, landing.seconds
        assert bool(taken) == (landing.seconds - quiet_since >= SETTLE)
        if taken:
            return
    assert landing.take(last) == ["s1"]


def test_a_file_replaced_while_it_settles_starts_again(landing):
    landing.write("s1")
    landing.take()
    landing.write("part")
    (landing.root / "part").rename(landing.root / "s1")
    assert landing.take(5) == []
    assert landing.take(5) == ["s1"]


def test_known_names_are_asked_once_and_new_ones_alone_later(landing):
    for number in range(50):
        landing.write(f"s{number:02d}")
        landing.known.add(f"s{number:02d}")
    landing.take()
    assert len(landing.asked) == 50
    landing.write("s99")
    landing.take(3)
    assert landing.asked[50:] == ["s99"]


def test_a_directory_that_did_not_change_is_not_listed(landing, monkeypatch):
    landing.write("s1")
    for _ in range(12):
        landing.take(1)
    listed = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda place: listed.append(place) or scandir(place))
    for _ in range(8):
        landing.take(1)
    assert listed == []
    landing.write("s2")
    landing.take(1)
    assert listed
    listed.clear()
    landing.take(RELIST_SECONDS)
    assert listed


def test_a_file_that_lands_within_the_coarseness_of_the_directorys_stamp_is_seen(landing):
    landing.write("s1")
    landing.take()
    stamp = landing.root.stat().st_mtime
    landing.write("s2")
    os.utime(landing.root, (stamp, stamp))
    landing.take(1)
    assert sorted(landing.take(6)) == ["s1", "s2"]


def test_a_batch_is_bounded_and_advances_and_what_lands_meanwhile_goes_first(tmp_path):
    landing = Landing(tmp_path, settle_seconds=0)
    for number in range(20):
        landing.write(f"s_old{number:02d}")
    assert landing.take(most=5) == [f"s_old{number:02d}" for number in range(5)]
    landing.write("s_new")
    second = landing.take(most=5)
    rest = landing.take(most=50)
    assert sorted([*second, *rest]) == ["s_new", *(f"s_old{number:02d}" for number in range(5, 20))]


def test_files_that_never_cease_to_grow_keep_nobody_out(landing):
    growing = [f"s_a{number:03d}" for number in range(100)]
    for name in growing:
        landing.write(name)
    landing.take(most=5)
    landing.write("s_whole")
    for round_number in range(2, 40):
        for name in growing:
            landing.write(name, "x" * round_number)
        if landing.take(5, most=5) == ["s_whole"]:
            return
    pytest.fail("the whole file was never taken")


def test_what_was_handed_out_and_not_taken_comes_again(landing):
    landing.write("s1")
    landing.look()
    assert [path.name for path in landing.look(5).paths] == ["s1"]
    assert [path.name for path in landing.look().paths] == ["s1"]
    landing.directory.refuse("s1")
    assert landing.look().paths == []
    landing.look(RETRY_SECONDS)
    assert landing.take(SETTLE) == ["s1"]


def test_a_ledger_that_cannot_be_asked_loses_no_name(landing):
    landing.write("s1")

    def down(names):
        raise ConnectionError

    with pytest.raises(ConnectionError):
        landing.directory.look(down, 10)
    landing.take()
    assert landing.take(5) == ["s1"]


def test_a_name_that_left_may_come_again(landing):
    landing.write("s1")
    landing.take()
    assert landing.take(5) == ["s1"]
    (landing.root / "s1").unlink()
    landing.directory.done("s1", gone=True)
    landing.known.clear()
    landing.write("s1")
    assert landing.take(5) == []
    assert landing.take(5) == ["s1"]


def test_names_that_are_not_wanted_are_never_touched(landing):
    landing.write("notes.txt")
    landing.write(".s1.part")
    landing.take()
    assert landing.take(6) == []
    assert landing.asked == []


def test_a_restart_forgets_nothing_that_matters(landing):
    landing.write("s1")
    landing.take()
    landing.take(5)
    landing.write("s2")
    landing.restart()
    landing.take()
    assert landing.take(5) == ["s2"]


def test_a_missing_directory_is_said(tmp_path):
    with pytest.raises(FileNotFoundError):
        Landing(tmp_path / "nowhere").look()
