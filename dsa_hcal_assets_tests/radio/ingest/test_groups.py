"""Groups: which state they are in depends on what arrived, never on the order in which it did."""

import itertools
import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.ledger.ledger import Ledger
from dsa_hcal_assets.ledger.model import Outcome
from dsa_hcal_assets.radio.ingest import groups
from dsa_hcal_assets.radio.ingest.header import SubbandHeader
from dsa_hcal_assets.radio.ingest.scan import scan
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.settings.radio import RadioSettings
from dsa_hcal_assets_tests.radio.ingest.test_quality import header

PROFILES = load_profiles()
DSA = PROFILES["dsa110"]
SMALL = DSA.model_copy(update={"subbands": DSA.subbands.model_copy(update={"count": 3})})
KEY = "2025-06-05T12:00:00"
NOW = datetime(2025, 6, 5, 13, tzinfo=UTC)


class Room:
    """A ledger and the groups beside it; `deliver` is what a scan does with one sound file."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder, self.database = folder, database
        self.ledger = Ledger(database, folder / "quarantine")
        self.now = NOW
        self.names = itertools.count()

    def forget(self) -> None:
        with self.database.transaction() as cursor:
            cursor.execute("truncate radio.observation_group, radio.subband, platform.arrival cascade")

    def deliver(self, number: int, content: str = "", hours: float = 0) -> Outcome:
        """Deliver a subband of the group `hours` later; `content` other than "" is another content."""
        first_jd = 2460832.0 + hours / 24
        facts: SubbandHeader = replace(header(number), first_jd=first_jd, digest=f"{hours}/{number}{content}")
        name = f"{next(self.names):06d}_sb{number:02d}.hdf5"
        path = self.folder / name
        path.write_bytes(facts.digest.encode())
        groups.remember(self.database, SMALL, number, name, facts, self.now)
        subject = f"{facts.group}/sb{number:02d}"
        return self.ledger.accept(
            "uvh5", path, subject=subject, partition=facts.group, digest=facts.digest, sample_time=NOW
        ).outcome

    def refresh(self, key: str = KEY) -> groups.ObservationGroup:
        return groups.refresh(self.database, self.ledger, key, self.now)


@pytest.fixture
def room(tmp_path: Path, database: Database) -> Room:
    return Room(tmp_path, database)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations([0, 1, 2, 0, 2]), look_between=st.booleans())
def test_any_order_with_any_repetition_completes_the_same_group(room, order, look_between):
    room.forget()
    seen: set[int] = set()
    for number in order:
        expected = Outcome.DUPLICATE if number in seen else Outcome.NEW
        assert room.deliver(number) is expected
        seen.add(number)
        if look_between:
            group = room.refresh()
            assert (group.found, group.state) == (len(seen), "complete" if len(seen) == 3 else "collecting")
    group = room.refresh()
    assert (group.key, group.found, group.state, group.expected) == (KEY, 3, "complete", 3)
    CONTENTS.add(group.content)
    assert len(CONTENTS) == 1
    subbands = groups.subbands_of(room.database, room.ledger, KEY)
    assert [subband.number for subband in subbands] == [0, 1, 2]
    assert [subband.header.digest for subband in subbands] == ["0/0", "0/1", "0/2"]


CONTENTS: set[str | None] = set()


@pytest.mark.parametrize("order", [("", "other"), ("other", "")])
def test_of_two_contents_the_first_counts_and_the_second_is_kept_aside(room, order):
    assert room.deliver(0, order[0]) is Outcome.NEW
    assert room.deliver(0, order[1]) is Outcome.CONFLICT
    (subband,) = groups.subbands_of(room.database, room.ledger, KEY)
    assert subband.header.digest == f"0/0{order[0]}"
    assert room.refresh().found == 1
    assert room.ledger.balance()["uvh5"].quarantined == 1


def test_groups_that_arrive_interleaved_stay_apart(room):
    for number in range(3):
        for hours in (0, 1, 2):
            room.deliver(number, hours=hours)
    found = [room.refresh(f"2025-06-05T{hour}:00:00") for hour in (12, 13, 14)]
    assert {group.state for group in found} == {"complete"}
    assert len({group.content for group in found}) == 3
    assert [group.first_sample.hour for group in found] == [12, 13, 14]


def test_a_complete_group_keeps_its_time_of_completion_and_its_run_key(room):
    for number in range(3):
        room.deliver(number)
    first = room.refresh()
    room.now += timedelta(hours=3)
    again = room.refresh()
    assert (again.completed_at, again.run_key) == (NOW, first.run_key)
    assert first.run_key.startswith(f"{KEY}:")


def test_another_content_in_place_of_a_rejected_one_is_another_run(room):
    for number in range(3):
        room.deliver(number)
    first = room.refresh()
    (arrival,) = [a for a in room.ledger.of_partition("uvh5", KEY) if a.subject.endswith("sb01")]
    room.ledger.reject(arrival, BadInput("found bad later"))
    assert room.refresh().state == "collecting"
    room.now += timedelta(minutes=1)
    assert room.deliver(1, "again") is Outcome.NEW
    second = room.refresh()
    assert (second.state, second.completed_at) == ("complete", room.now)
    assert second.run_key != first.run_key


def test_only_what_has_been_quiet_for_the_collecting_time_fails(room):
    room.deliver(0)
    room.now += timedelta(hours=23)
    room.deliver(0, hours=1)
    assert groups.fail_stale(room.database, NOW + timedelta(hours=23, minutes=59), 24) == []
    (stale,) = groups.fail_stale(room.database, NOW + timedelta(hours=24, minutes=1), 24)
    assert (stale.key, stale.state) == (KEY, "failed")
    assert [group.key for group in groups.collecting(room.database)] == ["2025-06-05T13:00:00"]


def test_a_failed_group_stays_failed_until_a_file_comes(room):
    room.deliver(0)
    groups.fail_stale(room.database, NOW + timedelta(hours=30), 24)
    assert room.refresh().state == "failed"
    room.now += timedelta(hours=31)
    room.deliver(1)
    assert room.refresh().state == "collecting"
    room.deliver(2)
    assert room.refresh().state == "complete"


def test_complete_groups_are_listed_in_order_of_completion_page_by_page(room):
    # the later observation is complete first
    for hours in (2, 0, 1):
        for number in range(3):
            room.deliver(number, hours=hours)
        room.now += timedelta(minutes=1)
        room.refresh(f"2025-06-05T{12 + hours}:00:00")
    seen, after = [], None
    while page := groups.complete_groups(room.database, after=after, limit=1):
        seen += [group.key for group in page]
        after = (page[-1].completed_at, page[-1].key)
    assert [key[11:13] for key in seen] == ["14", "12", "13"]


def test_a_group_nobody_saw_is_none(room):
    assert groups.group(room.database, KEY) is None
    assert groups.subbands_of(room.database, room.ledger, KEY) == []


def test_facts_of_a_file_the_ledger_never_accepted_do_not_count(room):
    """A kill between remembering and accepting leaves facts alone; the group is not fooled by them."""
    room.deliver(0)
    groups.remember(room.database, SMALL, 1, "x", replace(header(1), digest="lost"), NOW)
    assert room.refresh().found == 1
    assert [subband.number for subband in groups.subbands_of(room.database, room.ledger, KEY)] == [0]


def test_thousands_of_tiny_files_cost_one_batch_a_look(tmp_path, database):
    """5,000 files that are no subbands: each look takes its batch in order and leaves nobody out."""
    incoming = tmp_path / "uvh5"
    incoming.mkdir()
    for number in range(5000):
        path = (
            incoming / f"2025-06-05T{number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}_sb00.hdf5"
        )
        path.write_bytes(f"tiny {number}".encode())
        os.utime(path, (1_700_000_000, 1_700_000_000))
    ledger = Ledger(database, tmp_path / "quarantine")
    names = sorted(path.name for path in incoming.iterdir())
    started = time.monotonic()
    for look in range(2):
        report = scan(incoming, ledger, database, PROFILES, RadioSettings(scan_batch=100), NOW)
        assert sorted(report.quarantined) == names[100 * look : 100 * (look + 1)]
        assert report.left == 4900 - 100 * look
    assert time.monotonic() - started < 30
    balance = ledger.balance()["uvh5"]
    assert (balance.accepted, balance.quarantined, balance.pending) == (200, 200, 0)
    assert len(list(incoming.iterdir())) == 4800
