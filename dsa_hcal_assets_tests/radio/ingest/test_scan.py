"""Files landing in incoming: accepted, grouped, quarantined, refused; nothing holds up another."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import DatabaseUnavailable
from dsa_hcal_assets.ledger.ledger import Ledger
from dsa_hcal_assets.ledger.model import FileUnavailable
from dsa_hcal_assets.radio.ingest import groups
from dsa_hcal_assets.radio.ingest import scan as scan_module
from dsa_hcal_assets.radio.ingest.forming import forming
from dsa_hcal_assets.radio.ingest.scan import ScanReport, SubbandWatch
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.settings.radio import RadioSettings
from dsa_hcal_assets_tests.radio import uvh5_files

KEY = "2025-06-05T20:37:07"
PROFILES = load_profiles()


@pytest.fixture(scope="module")
def sixteen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete group, written once; old enough to be settled."""
    directory = tmp_path_factory.mktemp("group")
    uvh5_files.write_group(directory, channels=2, integrations=2, antennas=3)
    for path in directory.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return directory


class Station:
    """An incoming directory, its ledger, and a clock that tests move."""

    def __init__(self, root: Path, database: Database) -> None:
        self.incoming = root / "uvh5"
        self.incoming.mkdir()
        self.database = database
        self.ledger = Ledger(database, root / "quarantine")
        self.now = datetime.now(UTC)
        self.seconds = 0.0
        self.restart()

    def restart(self, database: Database | None = None, **settings: object) -> None:
        """Forget everything but the ledger; files settle at once unless told otherwise."""
        chosen = RadioSettings.model_validate({"settle_seconds": 0} | settings)
        self.watch = SubbandWatch(
            self.incoming,
            Ledger(database, self.incoming) if database else self.ledger,
            database or self.database,
            PROFILES,
            chosen,
            clock=lambda: self.seconds,
        )

    def land(self, source: Path, numbers: object = range(16), stamp: str = KEY) -> None:
        for number in numbers:  # type: ignore[attr-defined]
            shutil.copy2(source / uvh5_files.name(number), self.incoming / uvh5_files.name(number, stamp))

    def write(self, name: str, content: bytes) -> Path:
        path = self.incoming / name
        path.write_bytes(content)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        return path

    def scan(self) -> ScanReport:
        self.seconds += 0.5
        return self.watch.look(self.now)

    def changed(self) -> groups.ObservationGroup:
        """Look once and return the one group that changed."""
        (group,) = self.scan().changed
        return group


@pytest.fixture
def station(tmp_path: Path, database: Database) -> Iterator[Station]:
    station = Station(tmp_path, database)
    yield station
    station.watch.close()


def test_a_complete_group_is_found_by_its_header_time_whatever_the_names_say(station, sixteen):
    station.land(sixteen, range(8))
    station.land(sixteen, range(8, 16), stamp="2025-06-05T20:38:41")
    report = station.scan()
    assert len(report.accepted) == 16
    (group,) = report.changed
    assert (group.key, group.profile, group.found, group.state) == (KEY, "dsa110", 16, "complete")
    assert [a.subject for a in station.ledger.of_partition("uvh5", KEY)][:1] == [f"{KEY}/sb00"]


def test_scanning_again_changes_nothing(station, sixteen):
    station.land(sixteen)
    station.scan()
    before = groups.group(station.database, KEY)
    report = station.scan()
    assert not report.accepted
    assert not report.quarantined
    assert groups.group(station.database, KEY) == before


def test_an_incomplete_group_collects_is_reported_once_and_a_late_subband_completes_it(station, sixteen):
    station.land(sixteen, range(15))
    assert station.changed().state == "collecting"
    station.now += timedelta(hours=25)
    assert [group.key for group in station.scan().decided] == [KEY]
    assert station.scan().decided == []
    assert groups.group(station.database, KEY).state == "failed"
    station.land(sixteen, [15])
    assert station.changed().state == "complete"
    assert groups.group(station.database, KEY).completed_at == station.now


def test_a_late_subband_reopens_a_failed_group_that_stays_incomplete(station, sixteen):
    station.land(sixteen, range(14))
    station.scan()
    station.now += timedelta(hours=25)
    station.scan()
    station.land(sixteen, [14])
    assert station.changed().state == "collecting"


def test_bad_files_are_quarantined_with_a_reason_and_hold_nothing_up(station, sixteen):
    station.land(sixteen, range(4))
    whole = (sixteen / uvh5_files.name(4)).read_bytes()
    station.write(uvh5_files.name(4), whole[: len(whole) // 2])
    station.write(uvh5_files.name(5), b"")
    station.write(uvh5_files.name(6), b"this is not HDF5")
    report = station.scan()
    assert len(report.accepted) == 4
    assert sorted(report.quarantined) == [uvh5_files.name(n) for n in (4, 5, 6)]
    assert "truncated" in report.quarantined[uvh5_files.name(4)]
    balance = station.ledger.balance()["uvh5"]
    assert (balance.accepted, balance.pending, balance.quarantined) == (7, 4, 3)
    station.land(sixteen, [4])
    assert station.scan().accepted == [uvh5_files.name(4)]


def test_another_telescope_and_a_wrong_number_are_quarantined(station, tmp_path):
    alien = uvh5_files.observation(channels=2, integrations=1, antennas=2, telescope="ATA")
    uvh5_files.write(alien, station.incoming / uvh5_files.name(0))
    swapped = uvh5_files.observation(channels=2, integrations=1, antennas=2, subband=3)
    uvh5_files.write(swapped, station.incoming / uvh5_files.name(9))
    report = station.scan()
    assert "no profile for telescope 'ATA'" in report.quarantined[uvh5_files.name(0)]
    assert "which is sb03" in report.quarantined[uvh5_files.name(9)]


def test_the_same_file_twice_is_a_duplicate_and_other_content_a_conflict(station, sixteen):
    station.land(sixteen, range(2))
    station.scan()
    station.land(sixteen, [0], stamp="2025-06-05T20:38:00")
    other = uvh5_files.observation(channels=2, integrations=2, antennas=4, subband=1, seed=9)
    uvh5_files.write(other, station.incoming / uvh5_files.name(1, "2025-06-05T20:38:00"))
    report = station.scan()
    assert report.duplicates == [uvh5_files.name(0, "2025-06-05T20:38:00")]
    assert report.conflicts == [uvh5_files.name(1, "2025-06-05T20:38:00")]
    assert groups.group(station.database, KEY).found == 2
    kept = {subband.number: subband.arrival.name for subband in _subbands(station)}
    assert kept == {0: uvh5_files.name(0), 1: uvh5_files.name(1)}


def test_links_directories_and_fifos_with_a_subbands_name_are_refused_without_being_opened(station, sixteen):
    (station.incoming / uvh5_files.name(0)).symlink_to(sixteen / uvh5_files.name(0))
    (station.incoming / uvh5_files.name(1)).mkdir()
    os.mkfifo(station.incoming / uvh5_files.name(2))
    report = station.scan()
    assert sorted(report.refused) == [uvh5_files.name(n) for n in range(3)]
    assert not report.accepted
    assert station.ledger.balance() == {}


def test_a_growing_file_and_strange_names_are_left_alone(station, sixteen):
    shutil.copy(sixteen / uvh5_files.name(0), station.incoming / uvh5_files.name(0))
    station.write(f".{uvh5_files.name(1)}.part", b"half")
    station.write("notes.txt", b"hello")
    station.restart(settle_seconds=60)
    report = station.scan()
    assert report.settling == [uvh5_files.name(0)]
    assert not report.quarantined
    station.seconds += 60
    assert station.scan().accepted == [uvh5_files.name(0)]


def test_a_batch_is_bounded_and_the_rest_comes_next(station, sixteen):
    station.land(sixteen)
    station.restart(scan_batch=10)
    first = station.scan()
    assert (len(first.accepted), first.left) == (10, 6)
    assert len(station.scan().accepted) == 6


def test_a_kill_between_ledger_and_group_is_healed_by_the_next_scan(station, sixteen, monkeypatch):
    station.land(sixteen)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(scan_module, "refresh_changed", killed)
        with pytest.raises(KeyboardInterrupt):
            station.scan()
    assert groups.group(station.database, KEY).state == "collecting"
    assert station.changed().state == "complete"


def test_files_wait_while_the_database_is_down(station, sixteen):
    station.land(sixteen, range(1))
    station.restart(Database("postgresql://nobody@127.0.0.1:1/none", connect_seconds=1))
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            station.scan()
    station.restart()
    assert station.scan().accepted == [uvh5_files.name(0)]


def test_a_subband_rejected_later_takes_the_group_back_at_the_next_look(station, sixteen):
    station.land(sixteen)
    station.scan()
    first = groups.group(station.database, KEY)
    arrival = station.ledger.of_partition("uvh5", KEY)[0]
    station.ledger.reject(arrival, DatabaseUnavailable("stands for any reason"))
    assert station.changed().state == "collecting"
    station.ledger.release(arrival.arrival_id)
    again = station.changed()
    assert (again.state, again.content) == ("complete", first.content)


def test_a_watch_that_starts_anew_takes_only_what_the_ledger_does_not_have(station, sixteen):
    station.land(sixteen, range(8))
    assert len(station.scan().accepted) == 8
    station.restart()
    station.land(sixteen, range(8, 10))
    report = station.scan()
    assert report.accepted == [uvh5_files.name(8), uvh5_files.name(9)]
    assert report.duplicates == []


def test_names_the_watch_has_seen_are_not_asked_of_the_database_again(station, sixteen, monkeypatch):
    station.land(sixteen, range(3))
    station.scan()
    asked: list[str] = []
    unknown = station.ledger.unknown
    monkeypatch.setattr(
        station.ledger, "unknown", lambda source, names: asked.extend(names) or unknown(source, names)
    )
    station.land(sixteen, [3])
    assert station.scan().accepted == [uvh5_files.name(3)]
    assert asked == [uvh5_files.name(3)]


def test_a_name_that_was_quarantined_may_come_again_released_or_delivered(station, sixteen):
    whole = (sixteen / uvh5_files.name(0)).read_bytes()
    station.write(uvh5_files.name(0), whole[:4000])
    (arrival,) = (station.scan(), station.ledger.quarantined())[1]
    station.ledger.release(arrival.arrival_id)
    assert list(station.scan().quarantined) == [uvh5_files.name(0)]
    station.land(sixteen, [0])
    assert station.scan().accepted == [uvh5_files.name(0)]


def test_what_could_not_be_taken_is_tried_again_later_and_holds_nothing_up(station, sixteen, monkeypatch):
    station.land(sixteen, range(2))
    accept = station.ledger.accept

    def refusing(source, path, **what):
        if path.name == uvh5_files.name(0):
            raise FileUnavailable("the disk refuses")
        return accept(source, path, **what)

    with monkeypatch.context() as patch:
        patch.setattr(station.ledger, "accept", refusing)
        report = station.scan()
        assert (list(report.refused), report.accepted) == ([uvh5_files.name(0)], [uvh5_files.name(1)])
        assert station.scan().refused == {}
    station.seconds += 61
    assert station.scan().accepted == [uvh5_files.name(0)]


def test_a_look_ends_with_its_time_and_the_next_goes_on(station, sixteen):
    station.land(sixteen)
    station.restart(scan_seconds=1e-9)
    report = station.scan()
    assert (report.accepted, report.left) == ([], 16)
    station.restart()
    assert len(station.scan().accepted) == 16


def test_names_without_a_header_yet_are_told_as_one_group_until_they_are_read(station, sixteen):
    station.restart(settle_seconds=10)
    station.land(sixteen, range(8), stamp="2025-06-05T20:37:01")
    station.land(sixteen, range(8, 14), stamp="2025-06-05T20:38:41")
    (told,) = station.scan().forming
    assert str(told) == "about 2025-06-05T20:37:01, 14 names seen, no header yet"
    assert forming(station.database) == [told]
    assert groups.group(station.database, KEY) is None
    station.seconds += 10
    assert station.scan().forming == forming(station.database) == []
    assert groups.group(station.database, KEY).found == 14


@pytest.mark.parametrize("policy", ["wait", "continue", "fail"])
def test_the_view_tells_one_story_of_a_group_that_lacks_subbands(station, sixteen, policy):
    station.restart(incomplete=policy, complete_minutes=10)
    station.land(sixteen, [number for number in range(16) if number not in (3, 4)])
    station.scan()
    assert told(station) == ("collecting", 14, [3, 4])
    station.now += timedelta(minutes=11)
    station.scan()
    assert told(station)[0] == {"wait": "collecting", "continue": "pending", "fail": "failed"}[policy]
    station.land(sixteen, [3, 4])
    station.scan()
    assert told(station) == ("pending", 16, [])
    with station.database.transaction() as cursor:
        station.ledger.mark_loaded(cursor, station.ledger.of_partition("uvh5", KEY), "run")
    assert told(station)[0] == "in progress"


def told(station):
    (row,) = station.database.rows("select state, found, missing from radio.group_state")
    return row


def test_header_facts_are_columns_people_can_search_by(station, sixteen):
    station.land(sixteen, [0])
    station.scan()
    (row,) = station.database.rows(
        "select first_mjd, last_mjd, integrations, low_hz, high_hz, channels, antennas, declination_deg, "
        "phase_kind, bytes from radio.subband"
    )
    header = _subbands(station)[0].header
    assert row[:2] == (header.first_jd - 2400000.5, header.last_jd - 2400000.5)
    assert row[2:7] == (2, header.low_hz, header.high_hz, 2, 3)
    assert row[7] == pytest.approx(49.9)
    assert row[8:] == ("drift", (sixteen / uvh5_files.name(0)).stat().st_size)


@pytest.fixture(scope="module")
def two_groups(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Four subbands of each of two groups a cadence apart, by names whose stamps jitter."""
    files = {}
    for group in range(2):
        place = tmp_path_factory.mktemp("group")
        start = uvh5_files.START + timedelta(seconds=309 * group)
        paths = uvh5_files.write_group(place, range(4), channels=2, integrations=1, antennas=2, start=start)
        for number, path in enumerate(paths):
            stamp = start + timedelta(seconds=33 * number)
            files[uvh5_files.name(number, f"{stamp:%Y-%m-%dT%H:%M:%S}")] = path
    return files


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_keys_and_contents_are_the_same_in_whatever_order_files_land(station, two_groups, data):
    with station.database.transaction() as cursor:
        cursor.execute(
            "truncate radio.observation_group, platform.arrival, platform.changed_partition cascade"
        )
    for path in station.incoming.iterdir():
        path.unlink()
    station.restart()
    for name in data.draw(st.permutations(sorted(two_groups))):
        shutil.copy(two_groups[name], station.incoming / name)
        if data.draw(st.booleans()):
            station.scan()
    station.scan()
    rows = station.database.rows(
        "select group_key, found, missing, content from radio.observation_group order by group_key"
    )
    assert [(key, found) for key, found, *_ in rows] == [(KEY, 4), ("2025-06-05T20:42:16", 4)]
    SEEN.add(str(rows))
    assert len(SEEN) == 1
    station.watch.close()


SEEN: set[str] = set()


def _subbands(station):
    return groups.subbands_of(station.database, station.ledger, KEY)
