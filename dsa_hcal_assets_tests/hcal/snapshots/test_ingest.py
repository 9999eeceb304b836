"""Accepting snapshot files: each once, the bad ones kept with their reason."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS, encode
from dsa_hcal_assets.hcal.snapshots.due import due_days
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets_tests.hcal.detector import DAY, cycle, land, snapshot


def test_a_new_file_is_accepted_with_its_cycle_and_day(ledger: Ledger, incoming: Path) -> None:
    [path] = land(incoming, snapshot(1))
    report = scan(incoming, ledger, CONTROLLERS)
    [arrival] = report.accepted
    assert (arrival.subject, arrival.partition, arrival.sample_time) == (cycle(1).isoformat(), DAY, cycle(1))
    assert arrival.path == path
    assert report.partitions == [DAY]


def test_a_second_look_finds_nothing_new(ledger: Ledger, incoming: Path) -> None:
    land(incoming, snapshot(1), snapshot(2))
    scan(incoming, ledger, CONTROLLERS)
    assert scan(incoming, ledger, CONTROLLERS).accepted == []
    assert ledger.balance()["hcal"].accepted == 2


def test_the_same_snapshot_under_another_name_is_a_duplicate(ledger: Ledger, incoming: Path) -> None:
    [path] = land(incoming, snapshot(1))
    scan(incoming, ledger, CONTROLLERS)
    (incoming / "copy.snap").write_bytes(path.read_bytes())
    assert scan(incoming, ledger, CONTROLLERS).duplicates == ["copy.snap"]
    assert ledger.balance()["hcal"].accepted == 1


def test_other_content_for_a_known_cycle_is_a_conflict(ledger: Ledger, incoming: Path) -> None:
    land(incoming, snapshot(1))
    scan(incoming, ledger, CONTROLLERS)
    (incoming / "other.snap").write_bytes(encode(snapshot(1, run_number=1)))
    assert scan(incoming, ledger, CONTROLLERS).conflicts == ["other.snap"]
    [bad] = ledger.quarantined()
    assert bad.reason is not None
    assert {"accepted_digest", "rejected_digest"} <= set(bad.reason)


@pytest.mark.parametrize("content", [b"", b"nonsense", b'{"format":"dsa-hcal-snapshot/1","cyc'])
def test_an_unreadable_file_is_quarantined_and_the_others_go_on(
    ledger: Ledger, incoming: Path, content: bytes
) -> None:
    land(incoming, snapshot(1))
    (incoming / CONTROLLERS.file_name(cycle(2))).write_bytes(content)
    report = scan(incoming, ledger, CONTROLLERS)
    assert (len(report.accepted), len(report.quarantined)) == (1, 1)
    [bad] = ledger.quarantined()
    assert bad.path.read_bytes() == content


@pytest.mark.parametrize("moment", [datetime(2022, 12, 31, 23, 59, tzinfo=UTC), cycle(8)])
def test_an_impossible_time_is_quarantined(ledger: Ledger, incoming: Path, moment: datetime) -> None:
    land(incoming, snapshot(0, moment=moment))
    report = scan(incoming, ledger, CONTROLLERS, now=cycle(1))
    assert len(report.quarantined) == 1
    [bad] = ledger.quarantined()
    assert bad.reason is not None
    assert bad.reason["error"] == "SnapshotTimeImpossible"


def test_a_clock_a_little_ahead_is_accepted(ledger: Ledger, incoming: Path) -> None:
    land(incoming, snapshot(1))
    assert len(scan(incoming, ledger, CONTROLLERS, now=cycle(1) - timedelta(minutes=59)).accepted) == 1


def test_parts_and_strange_things_are_left_alone(ledger: Ledger, incoming: Path) -> None:
    [path] = land(incoming, snapshot(1))
    (incoming / ".hidden.snap.part").write_bytes(b"half")
    (incoming / "notes.txt").write_text("hello")
    (incoming / "link.snap").symlink_to(path)
    os.mkfifo(incoming / "fifo.snap")
    report = scan(incoming, ledger, CONTROLLERS)
    assert len(report.accepted) == 1
    assert sorted(report.foreign) == ["fifo.snap", "link.snap", "notes.txt"]


def test_a_backlog_is_taken_in_portions_oldest_first(ledger: Ledger, incoming: Path) -> None:
    land(incoming, *(snapshot(number) for number in range(5)))
    first = scan(incoming, ledger, CONTROLLERS, limit=2)
    assert [arrival.sample_time for arrival in first.accepted] == [cycle(0), cycle(1)]
    assert first.remaining == 3
    assert len(scan(incoming, ledger, CONTROLLERS, limit=2).accepted) == 2
    assert len(scan(incoming, ledger, CONTROLLERS, limit=2).accepted) == 1


def test_what_is_being_taken_now_goes_before_a_backlog(ledger: Ledger, incoming: Path) -> None:
    now = cycle(600)
    land(incoming, *(snapshot(number) for number in (0, 1, 2, 3, 599, 600)))
    looks = [scan(incoming, ledger, CONTROLLERS, limit=3, now=now) for _ in range(2)]
    taken = [[arrival.sample_time for arrival in look.accepted] for look in looks]
    assert taken == [[cycle(599), now, cycle(0)], [cycle(1), cycle(2), cycle(3)]]


def test_no_directory_yet_is_no_error(ledger: Ledger, tmp_path: Path) -> None:
    assert scan(tmp_path / "nowhere", ledger, CONTROLLERS).accepted == []


def test_days_with_pending_snapshots_are_due(ledger: Ledger, incoming: Path) -> None:
    land(incoming, snapshot(0), snapshot(200))
    accepted = scan(incoming, ledger, CONTROLLERS).accepted
    due = due_days(ledger._database, ledger, CONTROLLERS.name)
    assert [(one.day, one.version) for one in due] == [
        (arrival.partition, str(arrival.arrival_id)) for arrival in accepted
    ]
