"""What becomes of a snapshot file that is not as it should be: one test a case, each with a typed outcome.

Every file goes the whole way: it lands, is accepted or refused, and its day is loaded. At the end the
database holds each good cycle once and the ledger says where everything else is, and why.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS, encode
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap, load_channel_map, shipped_path
from dsa_hcal_assets.hcal.snapshots.ingest import FUTURE_LIMIT, scan
from dsa_hcal_assets.hcal.snapshots.load_report import LoadReport, Result
from dsa_hcal_assets.hcal.towers.loading import load_day
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.ledger.scanning import ScanReport
from dsa_hcal_assets_tests.hcal.detector import DAY, cycle, land, snapshot

TOWERS = 3072


@dataclass
class Detector:
    """The platform's way from files to towers."""

    database: Database
    ledger: Ledger
    incoming: Path
    channel_map: ChannelMap

    def deliver(self, content: bytes, name: str) -> None:
        """Let a file appear."""
        self.incoming.mkdir(parents=True, exist_ok=True)
        (self.incoming / name).write_bytes(content)

    def take(self, *, now: datetime | None = None) -> tuple[ScanReport, LoadReport]:
        """Look for files and load the day."""
        scanned = scan(self.incoming, self.ledger, CONTROLLERS, now=now)
        return scanned, load_day(self.database, self.ledger, DAY, self.channel_map, "run", now=now)

    def cycles(self) -> list[tuple[datetime, int]]:
        """Return the cycles in the database, in order, with their rows of towers."""
        return self.database.rows("select ts, count(*) from hcal.tower_reading group by ts order by ts")

    def quarantined(self) -> list[tuple[str, str]]:
        """Return names and error classes of what is in quarantine; the bytes and a remedy are there too."""
        found = self.ledger.quarantined()
        for arrival in found:
            assert arrival.path.is_file()
            assert arrival.reason is not None
            assert arrival.reason["remedy"]
        return [(arrival.name, str((arrival.reason or {})["error"])) for arrival in found]

    def balance(self) -> tuple[int, int, int]:
        """Return how many contents are loaded, quarantined, pending: together all that were accepted."""
        balance = self.ledger.balance()["hcal"]
        assert balance.accepted == balance.loaded + balance.quarantined + balance.pending
        return balance.loaded, balance.quarantined, balance.pending


@pytest.fixture
def detector(database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap) -> Detector:
    return Detector(database, ledger, incoming, channel_map)


def damaged(content: bytes, board: bytes) -> bytes:
    """Return a file in whose block of `board` one digit has changed."""
    start = content.index(b'"board":"' + board)
    return content[:start] + content[start:].replace(b"22.", b"32.", 1)


def test_the_same_file_twice_is_one_effect_and_a_counted_duplicate(detector: Detector) -> None:
    content = encode(snapshot(0))
    detector.deliver(content, "first.snap")
    detector.take()
    detector.deliver(content, "again.snap")
    scanned, report = detector.take()

    assert (scanned.duplicates, scanned.accepted, report.outcomes) == (["again.snap"], [], ())
    assert detector.cycles() == [(cycle(0), TOWERS)]
    assert detector.ledger.balance()["hcal"].duplicates == 1


def test_the_same_file_twice_at_once_is_one_effect(detector: Detector) -> None:
    for name in ("a.snap", "b.snap"):
        detector.deliver(encode(snapshot(0)), name)
    scanned, report = detector.take()

    assert (scanned.duplicates, len(scanned.accepted)) == (["b.snap"], 1)
    assert [one.result for one in report.outcomes] == [Result.LOADED]
    assert detector.cycles() == [(cycle(0), TOWERS)]


def test_another_content_for_a_loaded_cycle_is_a_conflict_and_changes_nothing(detector: Detector) -> None:
    land(detector.incoming, snapshot(0))
    detector.take()
    detector.deliver(encode(snapshot(0, run_number=1)), "other.snap")
    scanned, report = detector.take()

    assert (scanned.conflicts, report.outcomes) == (["other.snap"], ())
    assert detector.quarantined() == [("other.snap", "InputConflict")]
    assert detector.database.rows("select run_number from hcal.snapshot") == [(52000,)]
    assert detector.balance() == (1, 1, 0)


def test_files_out_of_order_are_loaded_as_if_in_order(detector: Detector) -> None:
    for number in (3, 0, 2, 1):
        land(detector.incoming, snapshot(number))
        _, report = detector.take()
        assert [one.result for one in report.outcomes] == [Result.LOADED]

    assert detector.cycles() == [(cycle(number), TOWERS) for number in range(4)]
    assert detector.balance() == (4, 0, 0)


def test_one_damaged_board_block_quarantines_the_file_and_names_the_board(detector: Detector) -> None:
    sound = encode(snapshot(1))
    land(detector.incoming, snapshot(0), snapshot(2))
    detector.deliver(damaged(sound, b"83"), "damaged.snap")
    scanned, report = detector.take()

    assert scanned.quarantined == ["damaged.snap"]
    assert report.count(Result.LOADED) == 2
    assert detector.quarantined() == [("damaged.snap", "SnapshotDamaged")]
    [arrival] = detector.ledger.quarantined()
    assert arrival.reason is not None
    assert "damaged in 83" in arrival.reason["what"]

    # restored from a copy and delivered again it is loaded as any other
    detector.deliver(sound, "damaged.snap")
    detector.take()
    assert [moment for moment, _ in detector.cycles()] == [cycle(0), cycle(1), cycle(2)]


def test_a_board_block_damaged_after_acceptance_is_found_by_the_load(detector: Detector) -> None:
    [path] = land(detector.incoming, snapshot(0))
    scan(detector.incoming, detector.ledger, CONTROLLERS)
    path.write_bytes(damaged(path.read_bytes(), b"97"))
    report = load_day(detector.database, detector.ledger, DAY, detector.channel_map, "run")

    assert [one.result for one in report.outcomes] == [Result.QUARANTINED]
    assert detector.quarantined() == [(path.name, "SnapshotDamaged")]
    assert detector.cycles() == []


def test_an_unknown_board_is_left_out_recorded_and_named(detector: Detector) -> None:
    land(detector.incoming, snapshot(0, boards=["80", "81", "42"]))
    _, report = detector.take()

    [outcome] = report.outcomes
    assert (outcome.result, outcome.rejected_boards, outcome.rows) == (Result.LOADED, ("42",), 2 * 192)
    status = "select status from hcal.board_reading where board = '42'"
    assert detector.database.rows(status) == [("unmapped",)]
    assert detector.balance() == (1, 0, 0)


def test_a_snapshot_from_the_future_is_quarantined_until_its_time_is_plausible(detector: Detector) -> None:
    now = cycle(6) - FUTURE_LIMIT - timedelta(seconds=1)
    [path] = land(detector.incoming, snapshot(6))
    scanned, _ = detector.take(now=now)

    assert scanned.quarantined == [path.name]
    assert detector.quarantined() == [(path.name, "SnapshotTimeImpossible")]
    assert detector.cycles() == []

    [arrival] = detector.ledger.quarantined()
    detector.ledger.release(arrival.arrival_id)
    _, report = detector.take(now=cycle(6))
    assert [one.result for one in report.outcomes] == [Result.LOADED]


def test_a_snapshot_from_before_the_platforms_first_day_is_quarantined(detector: Detector) -> None:
    [path] = land(detector.incoming, snapshot(0, moment=datetime(2022, 12, 31, 23, 59, tzinfo=UTC)))
    scanned, _ = detector.take()

    assert scanned.quarantined == [path.name]
    assert detector.quarantined() == [(path.name, "SnapshotTimeImpossible")]


def test_a_snapshot_from_before_the_maps_validity_waits_in_quarantine_for_a_map(
    detector: Detector, tmp_path: Path
) -> None:
    later = tmp_path / "map.csv"
    later.write_text(shipped_path().read_text().replace("2023-01-01", "2025-06-06"))
    valid, detector.channel_map = detector.channel_map, load_channel_map(later)
    [path] = land(detector.incoming, snapshot(0))
    _, report = detector.take()

    assert [one.result for one in report.outcomes] == [Result.QUARANTINED]
    assert detector.quarantined() == [(path.name, "MapNotValid")]

    [arrival] = detector.ledger.quarantined()
    detector.ledger.release(arrival.arrival_id)
    detector.channel_map = valid
    detector.take()
    assert detector.cycles() == [(cycle(0), TOWERS)]


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda content: b"", "SnapshotEmpty"),
        (lambda content: content[: len(content) // 2], "SnapshotTruncated"),
        (lambda content: content.replace(b"snapshot/", b"snapshot/9", 1), "SnapshotVersionUnknown"),
        (lambda content: content.replace(b'"sequence":1', b'"sequence":2', 1), "SnapshotTrailerBad"),
    ],
)
def test_an_unreadable_file_costs_only_itself(
    detector: Detector, spoil: Callable[[bytes], bytes], error: str
) -> None:
    land(detector.incoming, snapshot(0))
    detector.deliver(spoil(encode(snapshot(1))), "bad.snap")
    detector.take()

    assert detector.quarantined() == [("bad.snap", error)]
    assert detector.cycles() == [(cycle(0), TOWERS)]
    assert detector.balance() == (1, 1, 0)
