import hashlib
import json
import os
import threading
from datetime import UTC, datetime

import psycopg2
import pytest

from dsa_hcal_assets.errors import BadInput, DatabaseUnavailable, InputConflict
from dsa_hcal_assets.ledger import Balance, Ledger, State
from dsa_hcal_assets.ledger.model import BadLabel, FileUnavailable, NotAFile, UnknownArrival, WrongState
from dsa_hcal_assets_tests.ledger.conftest import DAY, SOURCE, deliver, require_invariants


def accept(ledger, path, subject="12:00", **more):
    return ledger.accept(SOURCE, path, subject=subject, partition=DAY, **more)


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


class TestAccepting:
    def test_a_new_file_becomes_pending_and_stays_where_it_landed(self, ledger, incoming):
        path = deliver(incoming, "a.h5", "one")
        moment = datetime(2025, 6, 5, 12, tzinfo=UTC)
        accepted = accept(ledger, path, sample_time=moment)
        arrival = accepted.arrival
        assert accepted.outcome == "new"
        assert (arrival.state, arrival.path, arrival.digest) == (State.PENDING, path, sha256("one"))
        assert (arrival.subject, arrival.partition, arrival.bytes) == ("12:00", DAY, 3)
        assert arrival.sample_time == moment
        assert path.read_text() == "one"
        assert ledger.pending(SOURCE) == [arrival]

    def test_accepting_the_same_file_again_gives_the_same_answer(self, ledger, incoming):
        path = deliver(incoming, "a.h5")
        assert accept(ledger, path) == accept(ledger, path)
        assert ledger.balance() == {SOURCE: Balance(1, 0, 0, 1, duplicates=0)}

    def test_the_same_bytes_under_another_name_are_a_duplicate_and_counted(self, ledger, incoming):
        first = accept(ledger, deliver(incoming, "a.h5"))
        again = accept(ledger, deliver(incoming, "b.h5"))
        assert (again.outcome, again.arrival) == ("duplicate", first.arrival)
        assert ledger.unknown(SOURCE, ["a.h5", "b.h5"]) == []
        assert ledger.balance() == {SOURCE: Balance(1, 0, 0, 1, duplicates=1)}

    def test_a_digest_of_the_sources_own_is_taken_as_it_is(self, ledger, incoming):
        path = deliver(incoming, "a.h5")
        assert accept(ledger, path, digest="header:42").arrival.digest == "header:42"

    def test_sources_do_not_meet(self, ledger, incoming):
        path = deliver(incoming, "a.h5")
        accept(ledger, path)
        assert ledger.accept("rig", path, subject="12:00", partition=DAY).outcome == "new"

    @pytest.mark.parametrize("label", ["a\0b", "", "a\nb"])
    def test_labels_that_cannot_be_stored_are_refused(self, ledger, incoming, label):
        with pytest.raises(BadLabel):
            accept(ledger, deliver(incoming, "a.h5"), subject=label)

    def test_sql_in_names_and_labels_is_only_text(self, ledger, incoming, database):
        evil = "'; drop table platform.arrival; -- %s"
        accepted = accept(ledger, deliver(incoming, evil), subject=evil)
        assert (accepted.arrival.name, accepted.arrival.subject) == (evil, evil)
        assert ledger.pending(SOURCE) == [accepted.arrival]


class TestConflicts:
    def test_other_content_for_the_same_subject_goes_to_quarantine_with_both_digests(
        self, ledger, incoming, tmp_path, database
    ):
        first = accept(ledger, deliver(incoming, "a.h5", "one")).arrival
        path = deliver(incoming, "b.h5", "two")
        accepted = accept(ledger, path)
        assert accepted.outcome == "conflict"
        arrival = accepted.arrival
        assert arrival.state is State.QUARANTINED
        assert arrival.path.parent.parent == tmp_path / "quarantine" / SOURCE
        assert arrival.path.read_text() == "two"
        assert not path.exists()
        assert arrival.reason["accepted_digest"] == first.digest == sha256("one")
        assert arrival.reason["rejected_digest"] == arrival.digest == sha256("two")
        beside = json.loads(arrival.path.with_name("b.h5.reason.json").read_text())
        assert beside["reason"]["error"] == "InputConflict"
        assert beside["release"] == f"dsa-hcal quarantine release {arrival.arrival_id}"
        require_invariants(database, tmp_path, {"one", "two"})

    def test_a_conflict_delivered_again_is_a_duplicate(self, ledger, incoming):
        accept(ledger, deliver(incoming, "a.h5", "one"))
        accept(ledger, deliver(incoming, "b.h5", "two"))
        assert accept(ledger, deliver(incoming, "b.h5", "two")).outcome == "duplicate"
        assert ledger.unknown(SOURCE, ["b.h5"]) == []

    def test_once_the_accepted_one_is_rejected_the_other_can_be_released(self, ledger, incoming):
        first = accept(ledger, deliver(incoming, "a.h5", "one")).arrival
        second = accept(ledger, deliver(incoming, "b.h5", "two")).arrival
        with pytest.raises(InputConflict, match="held by another content"):
            ledger.release(second.arrival_id)
        ledger.reject(first, BadInput("the first was wrong"))
        assert ledger.release(second.arrival_id).state is State.PENDING
        assert [arrival.name for arrival in ledger.pending(SOURCE)] == ["b.h5"]

    def test_quarantined_namesakes_of_one_day_never_overwrite_each_other(self, ledger, incoming):
        for text in ("one", "two", "three"):
            ledger.quarantine_arrival(SOURCE, deliver(incoming, "a.h5", text), BadInput("truncated"))
        kept = ledger.quarantined()
        assert [arrival.path.name for arrival in kept] == ["a.h5", "a.h5.2", "a.h5.3"]
        assert [arrival.path.read_text() for arrival in kept] == ["one", "two", "three"]

    def test_a_strangers_file_in_quarantine_is_not_overwritten(self, ledger, incoming, tmp_path):
        place = tmp_path / "quarantine" / SOURCE / datetime.now(UTC).date().isoformat() / "a.h5"
        place.parent.mkdir(parents=True)
        place.write_text("a stranger's")
        arrival = ledger.quarantine_arrival(SOURCE, deliver(incoming, "a.h5"), BadInput("truncated"))
        assert arrival.path.name == "a.h5.2"
        assert place.read_text() == "a stranger's"


class TestUnreadable:
    def test_an_unreadable_file_is_kept_with_reason_and_remedy(self, ledger, incoming, tmp_path, database):
        path = deliver(incoming, "a.h5", "half a fi")
        error = BadInput("a.h5 is truncated", expected="100 bytes", found="9 bytes", remedy="copy it again")
        arrival = ledger.quarantine_arrival(SOURCE, path, error)
        assert (arrival.state, arrival.subject, arrival.partition) == (State.QUARANTINED, "", "")
        assert not path.exists()
        assert arrival.path.read_text() == "half a fi"
        assert arrival.reason["remedy"] == "copy it again"
        assert arrival.reason["kept"] == f"quarantined at {arrival.path}"
        require_invariants(database, tmp_path, {"half a fi"})

    def test_a_reason_without_a_remedy_gets_the_one_that_always_works(self, ledger, incoming):
        arrival = ledger.quarantine_arrival(SOURCE, deliver(incoming, "a.h5", "half"), BadInput("truncated"))
        assert "dsa-hcal quarantine release" in arrival.reason["remedy"]

    def test_a_good_file_of_the_same_name_is_unknown_again_and_accepted(self, ledger, incoming):
        ledger.quarantine_arrival(SOURCE, deliver(incoming, "a.h5", "half"), BadInput("truncated"))
        path = deliver(incoming, "a.h5", "whole")
        assert ledger.unknown(SOURCE, ["a.h5"]) == ["a.h5"]
        assert accept(ledger, path).outcome == "new"
        assert ledger.balance() == {SOURCE: Balance(2, 0, 1, 1)}

    def test_the_same_bad_bytes_delivered_again_are_counted_and_not_offered_again(self, ledger, incoming):
        for _ in range(2):
            path = deliver(incoming, "a.h5", "half")
            ledger.quarantine_arrival(SOURCE, path, BadInput("truncated"))
        assert ledger.balance() == {SOURCE: Balance(1, 0, 1, 0, duplicates=1)}
        assert ledger.unknown(SOURCE, ["a.h5"]) == []
        assert path.exists()

    def test_a_file_accepted_by_its_header_and_found_broken_later_is_the_same_arrival(self, ledger, incoming):
        path = deliver(incoming, "a.h5")
        accepted = accept(ledger, path, digest="header:42").arrival
        arrival = ledger.quarantine_arrival(SOURCE, path, BadInput("body is truncated"))
        assert arrival.arrival_id == accepted.arrival_id
        assert ledger.balance() == {SOURCE: Balance(1, 0, 1, 0)}

    def test_released_it_is_offered_again_and_takes_its_place_when_it_can_be_read(self, ledger, incoming):
        path = deliver(incoming, "a.h5")
        quarantined = ledger.quarantine_arrival(SOURCE, path, BadInput("the reader had a bug"))
        released = ledger.release(quarantined.arrival_id)
        assert (released.state, released.path) == (State.PENDING, path)
        assert ledger.pending(SOURCE) == []
        assert ledger.unknown(SOURCE, ["a.h5"]) == ["a.h5"]
        accepted = accept(ledger, path, digest="header:42")
        assert (accepted.outcome, accepted.arrival.arrival_id) == ("new", quarantined.arrival_id)
        assert ledger.pending(SOURCE) == [accepted.arrival]
        assert ledger.unknown(SOURCE, ["a.h5"]) == []

    def test_released_and_in_conflict_by_now_it_goes_back(self, ledger, incoming, tmp_path, database):
        quarantined = ledger.quarantine_arrival(SOURCE, deliver(incoming, "a.h5", "one"), BadInput("bug"))
        accept(ledger, deliver(incoming, "b.h5", "two"))
        path = ledger.release(quarantined.arrival_id).path
        accepted = accept(ledger, path)
        assert (accepted.outcome, accepted.arrival.arrival_id) == ("conflict", quarantined.arrival_id)
        require_invariants(database, tmp_path, {"one", "two"})


class TestStrangeFiles:
    @pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/etc/passwd")])
    @pytest.mark.timeout(10)
    def test_what_is_no_file_is_refused_without_blocking_and_left_alone(self, ledger, incoming, make):
        path = incoming / "a.h5"
        make(path)
        with pytest.raises(NotAFile):
            accept(ledger, path)
        with pytest.raises(NotAFile):
            ledger.quarantine_arrival(SOURCE, path, BadInput("x"))
        assert os.path.lexists(path)
        assert ledger.balance() == {}

    def test_a_device_is_refused(self, ledger):
        from pathlib import Path

        with pytest.raises(NotAFile):
            accept(ledger, Path("/dev/zero"))

    def test_a_vanished_file_is_a_transient_error(self, ledger, incoming):
        with pytest.raises(FileUnavailable) as caught:
            accept(ledger, incoming / "gone.h5")
        assert caught.value.transient

    @pytest.mark.parametrize("name", [b"caf\xe9.h5", b"new\nline.h5", b"rtl\xe2\x80\xae.h5"])
    def test_names_that_cannot_be_shown_are_offered_and_refused(self, ledger, incoming, name):
        path = incoming / os.fsdecode(name)
        path.write_text("x")
        assert ledger.unknown(SOURCE, [path.name]) == [path.name]
        with pytest.raises(NotAFile, match="unprintable"):
            accept(ledger, path)

    def test_a_name_as_long_as_can_be_is_quarantined_with_its_reason(self, ledger, incoming, tmp_path):
        path = deliver(incoming, "x" * 255, "long")
        arrival = ledger.quarantine_arrival(SOURCE, path, BadInput("truncated"))
        assert arrival.path.read_text() == "long"
        assert len(list(arrival.path.parent.glob("*.reason.json"))) == 1


class TestLoading:
    def test_data_and_ledger_commit_together_or_not_at_all(self, ledger, incoming, database):
        arrival = accept(ledger, deliver(incoming, "a.h5")).arrival
        with pytest.raises(ZeroDivisionError):
            self.load_and_fail(ledger, database, arrival)
        assert ledger.balance()[SOURCE] == Balance(1, 0, 0, 1)
        with database.transaction() as cursor:
            ledger.mark_loaded(cursor, [arrival], "run-1")
        assert ledger.balance()[SOURCE] == Balance(1, 1, 0, 0)
        assert ledger.pending(SOURCE) == []

    def load_and_fail(self, ledger, database, arrival):
        with database.transaction() as cursor:
            ledger.mark_loaded(cursor, [arrival], "run-1")
            raise ZeroDivisionError

    def test_a_partition_can_be_loaded_again(self, ledger, incoming, database):
        arrivals = [
            accept(ledger, deliver(incoming, f"{n}.h5", str(n)), subject=str(n)).arrival for n in range(3)
        ]
        for run in ("run-1", "run-2"):
            assert [arrival.name for arrival in ledger.of_partition(SOURCE, DAY)] == ["0.h5", "1.h5", "2.h5"]
            with database.transaction() as cursor:
                ledger.mark_loaded(cursor, arrivals, run)
        assert database.rows("select distinct run_id from platform.arrival") == [("run-2",)]

    def test_what_went_to_quarantine_meanwhile_is_not_loaded(self, ledger, incoming, database):
        arrival = accept(ledger, deliver(incoming, "a.h5")).arrival
        ledger.reject(arrival, BadInput("dead tower map"))
        with pytest.raises(WrongState, match=r"a\.h5"), database.transaction() as cursor:
            ledger.mark_loaded(cursor, [arrival], "run-1")

    def test_a_loaded_arrival_cannot_be_rejected(self, ledger, incoming, database):
        arrival = accept(ledger, deliver(incoming, "a.h5")).arrival
        with database.transaction() as cursor:
            ledger.mark_loaded(cursor, [arrival], "run-1")
        with pytest.raises(WrongState):
            ledger.reject(arrival, BadInput("late"))

    def test_pending_is_oldest_first_by_sample_time_and_bounded(self, ledger, incoming):
        for hour in (3, 1, 2):
            moment = datetime(2025, 6, 5, hour, tzinfo=UTC)
            accept(ledger, deliver(incoming, f"{hour}.h5", str(hour)), subject=str(hour), sample_time=moment)
        assert [arrival.subject for arrival in ledger.pending(SOURCE, limit=2)] == ["1", "2"]
        assert [arrival.subject for arrival in ledger.pending(SOURCE, DAY)] == ["1", "2", "3"]
        assert ledger.pending(SOURCE, "2025-06-06") == []


class TestRelease:
    def test_a_rejected_arrival_comes_back_as_it_was(self, ledger, incoming, tmp_path, database):
        arrival = accept(ledger, deliver(incoming, "a.h5")).arrival
        ledger.reject(arrival, BadInput("dead tower map"))
        place = ledger.quarantined()[0].path
        assert ledger.release(arrival.arrival_id) == arrival
        assert arrival.path.read_text() == "snapshot"
        assert not place.exists()
        assert list(place.parent.iterdir()) == []
        require_invariants(database, tmp_path, {"snapshot"})

    def test_it_never_overwrites_what_came_meanwhile(self, ledger, incoming):
        arrival = ledger.quarantine_arrival(SOURCE, deliver(incoming, "a.h5", "half"), BadInput("truncated"))
        deliver(incoming, "a.h5", "whole")
        with pytest.raises(InputConflict, match="holds another content"):
            ledger.release(arrival.arrival_id)
        assert (incoming / "a.h5").read_text() == "whole"

    def test_with_the_same_bytes_back_already_one_copy_remains(self, ledger, incoming, tmp_path, database):
        for _ in range(2):
            arrival = ledger.quarantine_arrival(SOURCE, deliver(incoming, "a.h5", "half"), BadInput("bug"))
        ledger.release(arrival.arrival_id)
        require_invariants(database, tmp_path, {"half"})
        assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a.h5"]

    def test_without_bytes_it_is_refused(self, ledger, incoming):
        arrival = ledger.quarantine_arrival(SOURCE, deliver(incoming, "a.h5"), BadInput("truncated"))
        arrival.path.unlink()
        with pytest.raises(BadInput, match="are gone"):
            ledger.release(arrival.arrival_id)

    def test_unknown_and_pending_ids_are_refused(self, ledger, incoming):
        with pytest.raises(UnknownArrival):
            ledger.release(4711)
        arrival = accept(ledger, deliver(incoming, "a.h5")).arrival
        with pytest.raises(WrongState):
            ledger.release(arrival.arrival_id)


class TestUnknown:
    def test_names_come_back_sorted_once_each(self, ledger, incoming):
        accept(ledger, deliver(incoming, "b"))
        assert ledger.unknown(SOURCE, ["c", "a", "b", "c"]) == ["a", "c"]
        assert ledger.unknown("rig", ["b"]) == ["b"]

    def test_a_hundred_thousand_names_are_no_matter(self, ledger):
        names = [f"2025-06-05T12:00:00_sb{number:06d}.hdf5" for number in range(100_000)]
        assert len(ledger.unknown(SOURCE, names)) == 100_000


# A second row: of another content, unless its digest is replaced.
INSERT = """
insert into platform.arrival (source, name, digest, bytes, state, incoming_path{columns})
select source, 'copy', 'other', bytes, 'pending', 'somewhere'{values} from platform.arrival
"""


class TestTheDatabaseHoldsTheInvariants:
    """Even code that bypasses the ledger cannot break them."""

    def execute(self, database, statement):
        with database.transaction() as cursor:
            cursor.execute(statement)

    @pytest.mark.parametrize(
        "statement",
        [
            "delete from platform.arrival",
            "update platform.arrival set digest = 'other'",
            "update platform.arrival set subject = 'other'",
            "update platform.arrival set state = 'lost'",
            "update platform.arrival set state = 'loaded'",
            "update platform.arrival set state = 'quarantined'",
            INSERT.format(columns="", values="").replace("'other'", "digest"),
            INSERT.format(columns=", subject, partition", values=", subject, partition"),
        ],
    )
    def test_statements_that_would_break_them_are_refused(self, ledger, incoming, database, statement):
        accept(ledger, deliver(incoming, "a.h5"))
        with pytest.raises(psycopg2.IntegrityError):
            self.execute(database, statement)


def test_many_processes_accepting_the_same_files_make_one_row_each(ledger, incoming, tmp_path, database):
    paths = [deliver(incoming, f"{n}.h5", str(n % 5)) for n in range(10)]
    outcomes = []

    def work():
        own = Ledger(database, tmp_path / "quarantine")
        outcomes.extend(accept(own, path, subject=path.read_text()).outcome for path in paths)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(outcomes) == 40
    assert ledger.balance() == {SOURCE: Balance(5, 0, 0, 5, duplicates=5)}
    require_invariants(database, tmp_path, set("01234"))


def test_a_move_across_filesystems_copies_and_flushes(ledger, incoming, tmp_path, database, monkeypatch):
    def other_filesystem(*arguments, **options):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", other_filesystem)
    path = deliver(incoming, "a.h5", "far")
    arrival = ledger.quarantine_arrival(SOURCE, path, BadInput("truncated"))
    assert arrival.path.read_text() == "far"
    assert not path.exists()
    ledger.release(arrival.arrival_id)
    require_invariants(database, tmp_path, {"far"})


def test_without_a_database_the_file_stays_and_may_be_accepted_later(tmp_path, incoming, ledger):
    from dsa_hcal_assets.database.connection import Database

    path = deliver(incoming, "a.h5")
    nowhere = Ledger(Database("postgresql://a:b@127.0.0.1:1/none"), tmp_path / "quarantine")
    with pytest.raises(DatabaseUnavailable):
        accept(nowhere, path)
    assert path.exists()
    assert accept(ledger, path).outcome == "new"


def test_an_unwritable_quarantine_is_healed_later(ledger, incoming, tmp_path, database):
    (tmp_path / "quarantine").write_text("in the way")
    with pytest.raises(FileUnavailable):
        ledger.quarantine_arrival(SOURCE, deliver(incoming, "a.h5"), BadInput("truncated"))
    assert len(ledger.reconcile().stuck) == 1
    (tmp_path / "quarantine").unlink()
    assert len(ledger.reconcile().settled) == 1
    require_invariants(database, tmp_path, {"snapshot"})


def test_bytes_that_somebody_removed_are_reported(ledger, incoming):
    arrival = accept(ledger, deliver(incoming, "a.h5")).arrival
    arrival.path.unlink()
    assert ledger.reconcile().gone == (arrival,)
    ledger.reject(arrival, BadInput("nothing to read"))
    assert "was gone" in ledger.quarantined()[0].reason["kept"]
