"""Groups: which state they are in depends on what arrived, never on the order in which it did."""

import itertools
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
from dsa_hcal_assets.radio.ingest.completeness import decide_overdue, refresh_changed, reopen
from dsa_hcal_assets.radio.ingest.header import SubbandHeader
from dsa_hcal_assets.radio.ingest.scan import SubbandWatch
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
        self.settings = RadioSettings()
        self.names = itertools.count()

    def forget(self) -> None:
        with self.database.transaction() as cursor:
            cursor.execute(
                "truncate radio.observation_group, platform.arrival, platform.changed_partition cascade"
            )

    def deliver(self, number: int, content: str = "", hours: float = 0) -> Outcome:
        """Deliver a subband of the group `hours` later; `content` other than "" is another content."""
        first_jd = 2460832.0 + hours / 24
        facts: SubbandHeader = replace(header(number), first_jd=first_jd, digest=f"{hours}/{number}{content}")
        name = f"{next(self.names):06d}_sb{number:02d}.hdf5"
        path = self.folder / name
        path.write_bytes(facts.digest.encode())
        groups.remember(self.database, [groups.Fact(SMALL, number, name, facts)], self.now)
        subject = f"{facts.group}/sb{number:02d}"
        return self.ledger.accept(
            "uvh5", path, subject=subject, partition=facts.group, digest=facts.digest, sample_time=NOW
        ).outcome

    def look(self, key: str = KEY) -> groups.ObservationGroup:
        refresh_changed(self.database, self.ledger, self.now)
        group = groups.group(self.database, key)
        assert group is not None
        return group

    def pass_by(self, **span: float) -> list[groups.ObservationGroup]:
        """Let time pass; return the groups about which something was decided."""
        self.now += timedelta(**span)
        return decide_overdue(self.database, self.settings, self.now)


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
            group = room.look()
            assert (group.found, group.state) == (len(seen), "complete" if len(seen) == 3 else "collecting")
    group = room.look()
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
    assert room.look().found == 1
    assert room.ledger.balance()["uvh5"].quarantined == 1


def test_groups_that_arrive_interleaved_stay_apart(room):
    for number in range(3):
        for hours in (0, 1, 2):
            room.deliver(number, hours=hours)
    found = [room.look(f"2025-06-05T{hour}:00:00") for hour in (12, 13, 14)]
    assert {group.state for group in found} == {"complete"}
    assert len({group.content for group in found}) == 3
    assert [group.first_sample.hour for group in found] == [12, 13, 14]


def test_a_complete_group_keeps_its_time_of_completion_and_its_content(room):
    for number in range(3):
        room.deliver(number)
    first = room.look()
    room.now += timedelta(hours=3)
    room.deliver(1)
    again = room.look()
    assert (again.completed_at, again.content) == (NOW, first.content)


def test_another_content_in_place_of_a_rejected_one_is_another_run(room):
    for number in range(3):
        room.deliver(number)
    first = room.look()
    (arrival,) = [a for a in room.ledger.of_partition("uvh5", KEY) if a.subject.endswith("sb01")]
    room.ledger.reject(arrival, BadInput("found bad later"))
    lacking = room.look()
    assert (lacking.state, lacking.missing) == ("collecting", [1])
    room.now += timedelta(minutes=1)
    assert room.deliver(1, "again") is Outcome.NEW
    second = room.look()
    assert (second.state, second.completed_at, second.missing) == ("complete", room.now, [])
    assert second.content != first.content


def test_a_released_subband_counts_again_without_being_delivered(room):
    for number in range(3):
        room.deliver(number)
    first = room.look()
    (arrival,) = [a for a in room.ledger.of_partition("uvh5", KEY) if a.subject.endswith("sb01")]
    room.ledger.reject(arrival, BadInput("thought to be bad"))
    assert room.look().state == "collecting"
    room.ledger.release(arrival.arrival_id)
    again = room.look()
    assert (again.state, again.content) == ("complete", first.content)


def test_only_what_has_been_quiet_for_the_collecting_time_fails(room):
    room.deliver(0)
    room.look()
    room.now += timedelta(hours=23)
    room.deliver(0, hours=1)
    room.look()
    assert room.pass_by(minutes=59) == []
    (stale,) = room.pass_by(minutes=2)
    assert (stale.key, stale.state) == (KEY, "failed")
    assert room.pass_by(minutes=1) == []
    assert groups.group(room.database, "2025-06-05T13:00:00").state == "collecting"


def test_a_failed_group_stays_failed_until_a_new_subband_comes_or_an_operator_reopens_it(room):
    room.deliver(0)
    room.look()
    room.pass_by(hours=30)
    assert room.deliver(0) is Outcome.DUPLICATE
    assert room.look().state == "failed"
    assert reopen(room.database, KEY, room.now).state == "collecting"
    assert reopen(room.database, KEY, room.now) is None
    assert room.pass_by(hours=23) == []
    assert len(room.pass_by(hours=2)) == 1
    room.deliver(1)
    assert room.look().state == "collecting"
    room.deliver(2)
    assert room.look().state == "complete"


def test_waiting_is_the_default_and_nothing_goes_on_before_its_time(room):
    room.deliver(0)
    room.deliver(1)
    room.look()
    assert room.pass_by(hours=23) == []
    assert groups.pending_work(room.database) == []


def test_fail_gives_up_after_the_completeness_time(room):
    room.settings = RadioSettings(incomplete="fail", complete_minutes=10)
    room.deliver(0)
    room.look()
    assert room.pass_by(minutes=9) == []
    (failed,) = room.pass_by(minutes=2)
    assert (failed.state, failed.missing) == ("failed", [1, 2])
    assert groups.pending_work(room.database) == []


def test_continue_goes_on_with_enough_and_a_late_subband_is_another_run(room):
    room.settings = RadioSettings(incomplete="continue", complete_minutes=10, min_subbands=2)
    room.deliver(0)
    room.look()
    assert room.pass_by(minutes=11) == []
    room.deliver(2)
    room.look()
    (partial,) = room.pass_by(minutes=11)
    assert (partial.state, partial.found, partial.missing) == ("partial", 2, [1])
    assert partial.completed_at == room.now
    (pending,) = groups.pending_work(room.database)
    assert (pending.key, pending.content) == (KEY, partial.content)
    assert pending.note == "2 of 3 subbands, 2 of them new"
    assert room.pass_by(hours=48) == []
    room.deliver(1)
    whole = room.look()
    assert (whole.state, whole.missing) == ("complete", [])
    assert whole.content != partial.content


def test_continue_with_too_few_waits_and_then_fails(room):
    room.settings = RadioSettings(incomplete="continue", complete_minutes=10, min_subbands=0.6)
    room.deliver(0)
    room.look()
    assert room.pass_by(hours=23) == []
    assert [group.state for group in room.pass_by(hours=2)] == ["failed"]


@pytest.mark.parametrize(
    ("needed", "expected", "least"), [(0.875, 16, 14), (0.7, 10, 7), (14, 16, 14), (14, 1, 1), (1, 16, 16)]
)
def test_the_least_number_of_subbands_is_a_fraction_or_a_number(needed, expected, least):
    assert RadioSettings(incomplete="continue", min_subbands=needed).least_subbands(expected) == least
    assert RadioSettings(min_subbands=needed).least_subbands(expected) == expected


def test_pending_work_is_oldest_first_and_ends_when_it_is_loaded(room):
    for hours in (2, 0, 1):
        for number in range(3 if hours else 2):
            room.deliver(number, hours=hours)
    room.look()
    pending = groups.pending_work(room.database)
    assert [one.key[11:13] for one in pending] == ["13", "14"]
    assert groups.pending_work(room.database, limit=1) == pending[:1]
    with room.database.transaction() as cursor:
        room.ledger.mark_loaded(cursor, room.ledger.of_partition("uvh5", pending[0].key), "run")
    assert groups.pending_work(room.database) == pending[1:]


def test_a_group_nobody_saw_is_none(room):
    assert groups.group(room.database, KEY) is None
    assert groups.subbands_of(room.database, room.ledger, KEY) == []


def test_facts_of_a_file_the_ledger_never_accepted_do_not_count(room):
    """A kill between remembering and accepting leaves facts alone; the group is not fooled by them."""
    room.deliver(0)
    groups.remember(room.database, [groups.Fact(SMALL, 1, "x", replace(header(1), digest="lost"))], NOW)
    assert room.look().found == 1
    assert [subband.number for subband in groups.subbands_of(room.database, room.ledger, KEY)] == [0]


def test_thousands_of_tiny_files_cost_one_batch_a_look(tmp_path, database):
    """5,000 files that are no subbands: each look takes its batch in order and leaves nobody out."""
    incoming = tmp_path / "uvh5"
    incoming.mkdir()
    for number in range(5000):
        stamp = f"2025-06-05T{number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}"
        (incoming / f"{stamp}_sb00.hdf5").write_bytes(f"tiny {number}".encode())
    ledger = Ledger(database, tmp_path / "quarantine")
    names = sorted(path.name for path in incoming.iterdir())
    watch = SubbandWatch(incoming, ledger, database, PROFILES, RadioSettings(scan_batch=40, settle_seconds=0))
    for look in range(2):
        report = watch.look(NOW)
        assert sorted(report.quarantined) == names[40 * look : 40 * (look + 1)]
        assert report.left == 4960 - 40 * look
    watch.close()
    balance = ledger.balance()["uvh5"]
    assert (balance.accepted, balance.quarantined, balance.pending) == (80, 80, 0)
    assert len(list(incoming.iterdir())) == 4920
