"""An archive is announced where it lies: each content once, nothing of it touched."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from dsa_hcal_assets.ledger import trees
from dsa_hcal_assets.radio.archive.announce import announce
from dsa_hcal_assets.radio.archive.catalogue import find_sets
from dsa_hcal_assets.radio.archive.reference import Reference
from dsa_hcal_assets.radio.archive.stillness import Stillness
from dsa_hcal_assets_tests.radio.archive.conftest import SETTLE

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def look(tmp_path):
    """Look at tmp_path/archive again, five seconds after the last time."""
    stillness, looks = Stillness(), []

    def look(**told):
        looks.append(None)
        now = START + SETTLE * len(looks)
        sets = list(find_sets(tmp_path / "archive"))
        return announce(sets, tmp_path / "incoming", stillness, SETTLE, now, **told)

    return look


def make(root, text="one"):
    root.mkdir(parents=True)
    (root / "table.dat").write_text(text)
    return root


def test_sets_are_found_at_any_depth_and_never_inside_one_another(tmp_path):
    found = {make(tmp_path / "b" / "c" / "two.ms"), make(tmp_path / "a.MS")}
    make(tmp_path / "a.MS" / "inner.ms")
    make(tmp_path / ".staging" / "half.ms")
    make(tmp_path / ".half.ms")
    (tmp_path / "link.ms").symlink_to(tmp_path / "b")
    (tmp_path / "file.ms").write_text("")
    assert set(find_sets(tmp_path)) == found
    assert list(find_sets(tmp_path / "a.MS")) == [tmp_path / "a.MS"]


def test_a_set_is_announced_when_it_has_been_seen_unchanged(tmp_path, look):
    ms = make(tmp_path / "archive" / "one.ms")
    assert look().settling == [ms]
    assert look(pointing_dec_deg=49.9).new == [ms]
    (path,) = (tmp_path / "incoming").iterdir()
    reference = Reference.read(path)
    assert (reference.path, reference.pointing_dec_deg) == (ms, 49.9)
    assert reference.digest == trees.identify(ms).digest


def test_a_growing_set_is_not_announced(tmp_path, look):
    ms = make(tmp_path / "archive" / "one.ms")
    for number in range(4):
        assert look().new == []
        (ms / f"table.f{number}").write_text("more")
    look()
    assert look().new == [ms]


def test_announcing_again_does_nothing_also_after_a_restart(tmp_path, look):
    ms = make(tmp_path / "archive" / "one.ms")
    make(tmp_path / "archive" / "other.ms", "two")
    for _ in range(4):
        look()
    assert len(list((tmp_path / "incoming").iterdir())) == 2
    fresh = Stillness()
    fresh.lasts(ms, START)
    again = announce([ms], tmp_path / "incoming", fresh, SETTLE, START + timedelta(hours=1))
    assert (again.new, again.known) == ([], [ms])


def test_changed_content_is_announced_as_another(tmp_path, look):
    ms = make(tmp_path / "archive" / "one.ms")
    look()
    look()
    (ms / "table.dat").write_text("two")
    look()
    assert look().new == [ms]
    assert len(list((tmp_path / "incoming").iterdir())) == 2


def test_one_that_cannot_be_read_holds_up_no_other(tmp_path, look):
    bad, good = make(tmp_path / "archive" / "bad.ms"), make(tmp_path / "archive" / "good.ms", "two")
    os.mkfifo(bad / "table.f0")
    look()
    report = look()
    assert list(report.refused) == [bad]
    assert report.new == [good]
