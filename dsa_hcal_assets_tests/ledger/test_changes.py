"""Partitions that changed: each change is told at least once, and never before it is visible."""

from pathlib import Path

import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.ledger.ledger import Ledger

SOURCE = "uvh5"


class Room:
    """A ledger, files for it, and what its room takes note of."""

    def __init__(self, root: Path, database: Database) -> None:
        self.root, self.database = root, database
        self.at_entered = lambda: None
        self.ledger = Ledger(
            database, root / "quarantine", checkpoint=lambda step: step == "entered" and self.at_entered()
        )

    def deliver(self, name: str, partition: str, content: str = "") -> int:
        path = self.root / name
        path.write_text(content or name)
        return self.ledger.accept(
            SOURCE, path, subject=f"{partition}/{name}", partition=partition
        ).arrival.arrival_id

    def changed(self, limit: int = 10) -> list[str]:
        with self.database.transaction() as cursor:
            return self.ledger.take_changed(cursor, SOURCE, limit)


@pytest.fixture
def room(tmp_path, database):
    return Room(tmp_path, database)


def test_an_accepted_file_changes_its_partition_once(room):
    room.deliver("a", "one")
    room.deliver("b", "one")
    room.deliver("c", "two")
    assert room.changed() == ["one", "two"]
    assert room.changed() == []
    room.deliver("a", "one")
    assert room.changed() == []


def test_rejecting_and_releasing_change_it_and_loading_does_not(room):
    room.deliver("a", "one")
    room.changed()
    (arrival,) = room.ledger.of_partition(SOURCE, "one")
    room.ledger.reject(arrival, BadInput("bad after all"))
    assert room.changed() == ["one"]
    room.ledger.release(arrival.arrival_id)
    assert room.changed() == ["one"]
    with room.database.transaction() as cursor:
        room.ledger.mark_loaded(cursor, room.ledger.of_partition(SOURCE, "one"), "run")
    assert room.changed() == []


def test_what_is_taken_in_a_transaction_that_fails_is_told_again(room):
    room.deliver("a", "one")

    def crash() -> None:
        with room.database.transaction() as cursor:
            assert room.ledger.take_changed(cursor, SOURCE, 10) == ["one"]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crash()
    assert room.changed() == ["one"]


def test_a_delivery_not_yet_committed_holds_nobody_up_and_is_told_once_it_is_visible(room):
    room.deliver("a", "one")
    during: list[list[str]] = []
    room.at_entered = lambda: during.append(room.changed())
    room.deliver("b", "one")
    room.at_entered = lambda: None
    assert during == [[]]
    assert room.changed() == ["one"]
    assert len(room.ledger.of_partition(SOURCE, "one")) == 2


def test_another_source_and_more_than_was_asked_for_wait(room):
    for number in range(3):
        room.deliver(f"f{number}", f"p{number}")
    with room.database.transaction() as cursor:
        assert room.ledger.take_changed(cursor, "rig", 10) == []
    assert room.changed(limit=2) == ["p0", "p1"]
    assert room.changed(limit=2) == ["p2"]
