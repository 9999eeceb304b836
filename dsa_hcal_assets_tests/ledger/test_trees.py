"""Directories as one content: told apart, moved whole, never lost, while files stay files."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from dsa_hcal_assets.errors import BadInput, InputConflict
from dsa_hcal_assets.ledger import Balance, Ledger, trees
from dsa_hcal_assets.ledger.model import Form, NotAFile
from dsa_hcal_assets_tests.crash import SIGNALS, crash_at
from dsa_hcal_assets_tests.ledger.conftest import SOURCE

LARGE = 3 * trees.ENDS_BYTES


def grow(root: Path, text: str = "one") -> Path:
    (root / "ANTENNA").mkdir(parents=True)
    (root / "table.dat").write_text(text)
    (root / "ANTENNA" / "table.dat").write_text("antennas")
    (root / "table.f0").write_bytes(bytes(LARGE))
    (root / "table.lock").write_text("held by nobody")
    return root


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def elsewhere(tmp_path):
    """A directory on another filesystem than `tmp_path`."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("only one filesystem here")
    with tempfile.TemporaryDirectory(dir=memory) as place:
        yield Path(place)


def test_a_copy_has_the_identity_of_its_original_whatever_its_name_time_or_locks(tmp_path):
    one = grow(tmp_path / "one.ms")
    other = Path(shutil.copytree(one, tmp_path / "other.ms"))
    (other / "table.lock").write_text("read since")
    os.utime(other / "table.dat", (1, 1))
    assert trees.identify(one) == trees.identify(other)
    assert trees.identify(one).bytes == LARGE + len("oneantennas")


@pytest.mark.parametrize("place", [0, LARGE - 1])
def test_a_byte_at_either_end_of_a_file_is_another_content(tmp_path, place):
    one, other = grow(tmp_path / "one.ms"), grow(tmp_path / "other.ms")
    with (other / "table.f0").open("r+b") as file:
        file.seek(place)
        file.write(b"x")
    assert trees.identify(one) != trees.identify(other)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "more").touch(),
        lambda root: (root / "table.f0").rename(root / "table.f1"),
        lambda root: os.truncate(root / "table.f0", LARGE - 1),
    ],
    ids=["one more file", "another name", "shorter"],
)
def test_other_files_are_another_content(tmp_path, change):
    one, other = grow(tmp_path / "one.ms"), grow(tmp_path / "other.ms")
    change(other)
    assert trees.identify(one) != trees.identify(other)


def test_a_tree_with_a_link_does_not_stand_on_its_own(tmp_path):
    root = grow(tmp_path / "a.ms")
    (root / "table.f1").symlink_to("/etc/passwd")
    with pytest.raises(NotAFile, match=r"table\.f1"):
        trees.identify(root)


def test_a_directory_is_taken_only_by_who_asks_for_one(ledger, incoming):
    root = grow(incoming / "a.ms")
    with pytest.raises(NotAFile):
        ledger.accept(SOURCE, root, subject="12:00", partition="day")
    with pytest.raises(NotAFile):
        ledger.quarantine_arrival(SOURCE, root, BadInput("no"))
    (incoming / "b.ms").write_text("a file")
    with pytest.raises(NotAFile):
        ledger.accept(SOURCE, incoming / "b.ms", subject="12:00", partition="day", form=Form.TREE)
    assert ledger.balance() == {}


def test_a_conflicting_tree_goes_to_quarantine_whole_and_comes_back_whole(ledger, incoming):
    accept = {"subject": "12:00", "partition": "day", "form": Form.TREE}
    ledger.accept(SOURCE, grow(incoming / "a.ms"), **accept)
    other = grow(incoming / "b.ms", "two")
    before = contents(other)
    refused = ledger.accept(SOURCE, other, **accept)
    assert refused.outcome == "conflict"
    assert not other.exists()
    assert contents(refused.arrival.path) == before
    assert refused.arrival.path.with_name("b.ms.reason.json").is_file()
    with pytest.raises(InputConflict):
        ledger.release(refused.arrival.arrival_id)

    lonely = ledger.quarantine_arrival(SOURCE, grow(incoming / "c.ms", "x"), BadInput("no"), form=Form.TREE)
    back = ledger.release(lonely.arrival_id)
    assert back.path == incoming / "c.ms"
    assert contents(back.path)["table.dat"] == b"x"
    assert not lonely.path.exists()


def test_the_same_tree_again_is_counted_and_left(ledger, incoming):
    accept = {"subject": "12:00", "partition": "day", "form": Form.TREE}
    ledger.accept(SOURCE, grow(incoming / "a.ms"), **accept)
    again = ledger.accept(SOURCE, grow(incoming / "copy.ms"), **accept)
    assert again.outcome == "duplicate"
    assert (incoming / "copy.ms").is_dir()
    assert ledger.balance() == {SOURCE: Balance(1, 0, 0, 1, 1)}


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("point", ["entered", "recorded", "explained", "copied", "moved", "settled"])
def test_killed_while_a_tree_goes_to_quarantine_on_another_filesystem(
    database, incoming, elsewhere, point, number
):
    root = grow(incoming / "a.ms")
    before = contents(root)

    def victim(checkpoint):
        ledger = Ledger(database, elsewhere, checkpoint=checkpoint)
        ledger.quarantine_arrival(SOURCE, root, BadInput("no"), form=Form.TREE)

    crash_at(point, number, victim)
    ledger = Ledger(database, elsewhere)
    if root.exists():
        ledger.quarantine_arrival(SOURCE, root, BadInput("no"), form=Form.TREE)
    ledger.reconcile()
    (arrival,) = ledger.quarantined()
    assert not root.exists()
    assert contents(arrival.path) == before
    assert ledger.balance() == {SOURCE: Balance(1, 0, 1, 0)}


def test_a_move_never_overwrites_a_strangers_tree(tmp_path):
    one, other = grow(tmp_path / "one.ms"), grow(tmp_path / "other.ms", "two")
    with pytest.raises(FileExistsError):
        trees.move(one, other, lambda _: None)
    assert contents(one)["table.dat"] == b"one"
    assert contents(other)["table.dat"] == b"two"
