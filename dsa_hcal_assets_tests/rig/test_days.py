"""From files to the tables of each day: complete, exactly once, whatever the order and the faults."""

import os
import random
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import DatabaseUnavailable
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.rig import readers, tables
from dsa_hcal_assets.rig.acquisition import acquire
from dsa_hcal_assets.rig.cleaning import clean
from dsa_hcal_assets.rig.csv_text import raw_text
from dsa_hcal_assets.rig.ingest import due_days, scan
from dsa_hcal_assets.rig.kpis import kpis
from dsa_hcal_assets.rig.loading import load_day, raw_day
from dsa_hcal_assets.rig.readings import RigFileUnavailable
from dsa_hcal_assets.settings.rig import RigSettings
from dsa_hcal_assets.simulation.rig import simulate

START = datetime(2025, 6, 5, tzinfo=UTC)
DAY, NEXT = "2025-06-05", "2025-06-06"


@pytest.fixture
def incoming(tmp_path):
    path = tmp_path / "incoming"
    path.mkdir()
    return path


@pytest.fixture
def ledger(database, tmp_path):
    return Ledger(database, tmp_path / "quarantine")


def deliver(incoming, name="a.csv", start=START, **options):
    path = incoming / name
    path.write_bytes(raw_text(simulate(start, **options)))
    return path


def make_day(database, ledger, day, run_id="run"):
    """What the assets of a day do."""
    load_day(database, ledger, day, run_id)
    raw = raw_day(database, day)
    result = clean(raw.frame, RigSettings())
    tables.store_clean(database, day, result, through=raw.through, run_id=run_id)
    tables.store_kpis(database, day, kpis(result), run_id=run_id)
    return result


def balance(ledger):
    counts = ledger.balance()["rig"]
    assert counts.accepted == counts.loaded + counts.quarantined + counts.pending
    return counts.loaded, counts.quarantined, counts.pending


class TestScan:
    def test_files_become_pending_once(self, incoming, ledger):
        acquire(simulate(START, rows=250), incoming, batch_rows=100)
        report = scan(incoming, ledger, 0)
        assert [len(report.accepted), report.partitions] == [4, [DAY, NEXT]]
        assert scan(incoming, ledger, 0).accepted == []
        assert balance(ledger) == (0, 0, 4)

    def test_a_file_that_may_still_grow_waits(self, incoming, ledger):
        path = deliver(incoming)
        assert scan(incoming, ledger, 60).settling == ["a.csv"]
        os.utime(path, (0, 0))
        assert len(scan(incoming, ledger, 60).accepted) == 1

    def test_a_bad_file_is_quarantined_with_its_reason_and_stops_no_other(self, incoming, ledger):
        (incoming / "a.csv").write_text("timestamp,temperature,uptime\n2025-06-05T00:00:00Z,1,1\n")
        deliver(incoming, "b.csv")
        report = scan(incoming, ledger, 0)
        assert (report.quarantined, len(report.accepted)) == (["a.csv"], 1)
        (arrival,) = ledger.quarantined()
        assert "column pressure is missing" in arrival.reason["what"]
        assert arrival.reason["remedy"]
        assert arrival.path.read_text().startswith("timestamp,temperature,uptime")

    def test_the_same_bytes_again_are_a_duplicate(self, incoming, ledger):
        deliver(incoming, "a.csv")
        scan(incoming, ledger, 0)
        deliver(incoming, "b.csv")
        assert scan(incoming, ledger, 0).duplicates == ["b.csv"]
        assert balance(ledger) == (0, 0, 1)

    def test_other_content_for_the_same_start_is_a_conflict(self, incoming, ledger):
        deliver(incoming, "a.csv", seed=1)
        deliver(incoming, "b.csv", seed=2)
        assert scan(incoming, ledger, 0).conflicts == ["b.csv"]
        assert balance(ledger) == (0, 1, 1)

    def test_other_things_are_left_alone_and_never_opened(self, incoming, ledger):
        os.mkfifo(incoming / "pipe.csv")
        (incoming / "notes.txt").touch()
        (incoming / ".part.csv").touch()
        (incoming / "link.csv").symlink_to("/etc/hostname")
        report = scan(incoming, ledger, 0)
        assert sorted(report.foreign) == ["link.csv", "notes.txt", "pipe.csv"]
        assert report.accepted == []

    def test_no_directory_is_no_file(self, tmp_path, ledger):
        assert scan(tmp_path / "absent", ledger, 0).accepted == []

    def test_an_outage_is_an_error_and_the_file_stays(self, incoming, tmp_path):
        path = deliver(incoming)
        away = Ledger(Database("postgresql://u@127.0.0.1:9/d", connect_seconds=2), tmp_path / "q")
        with pytest.raises(DatabaseUnavailable):
            scan(incoming, away, 0)
        assert path.exists()


class TestLoading:
    def test_every_row_is_there_as_delivered(self, database, ledger, incoming):
        path = incoming / "a.csv"
        path.write_text(
            "timestamp,temperature,pressure,uptime\n"
            "2025-06-05T12:00:00Z,61.5,1003.2,0.1\n,1,2,3\n2025-06-05T12:00:00Z,,1e999,\n"
        )
        scan(incoming, ledger, 0)
        report = load_day(database, ledger, DAY, "run")
        assert (report.loaded, report.days, report.rejected) == (["a.csv"], {DAY}, [])
        frame = raw_day(database, DAY).frame
        noon = pd.Timestamp("2025-06-05T12:00:00Z")
        assert frame["timestamp"].tolist() == [noon, pd.NaT, noon]
        assert frame["pressure"].tolist() == [1003.2, 2, float("inf")]
        assert frame["temperature"].isna().tolist() == [False, False, True]
        assert balance(ledger) == (1, 0, 0)

    def test_loading_again_changes_nothing(self, database, ledger, incoming):
        deliver(incoming)
        scan(incoming, ledger, 0)
        for _ in range(2):
            load_day(database, ledger, DAY, "run")
            assert database.rows("select count(*) from rig.delivered") == [(100,)]

    def test_several_files_a_day_make_one_day(self, database, ledger, incoming):
        acquire(simulate(START, rows=240), incoming, batch_rows=50)
        scan(incoming, ledger, 0)
        result = make_day(database, ledger, DAY)
        assert (result.total, len(raw_day(database, DAY).files)) == (240, 5)

    def test_an_hour_of_outage_between_files_costs_nothing(self, database, ledger, incoming):
        deliver(incoming, "a.csv")
        scan(incoming, ledger, 0)
        url = database.url
        with pytest.raises(DatabaseUnavailable):
            load_day(Database("postgresql://u@127.0.0.1:9/d", connect_seconds=2), ledger, DAY, "run")
        assert balance(ledger) == (0, 0, 1)
        assert load_day(Database(url), ledger, DAY, "run").loaded == ["a.csv"]

    def test_a_file_changed_after_acceptance_is_refused(self, database, ledger, incoming):
        path = deliver(incoming, seed=1)
        scan(incoming, ledger, 0)
        path.write_bytes(raw_text(simulate(START, seed=2)))
        assert load_day(database, ledger, DAY, "run").rejected == ["a.csv"]
        assert balance(ledger) == (0, 1, 0)
        assert raw_day(database, DAY).frame.empty

    def test_a_pending_file_that_is_gone_fails_the_run_but_not_the_others(self, database, ledger, incoming):
        deliver(incoming, "a.csv").rename(incoming / "b.csv")
        deliver(incoming, "a.csv", start=START + timedelta(hours=12))
        scan(incoming, ledger, 0)
        (incoming / "a.csv").unlink()
        with pytest.raises(RigFileUnavailable):
            load_day(database, ledger, DAY, "run")
        assert balance(ledger) == (1, 0, 1)

    def test_a_loaded_file_that_is_gone_is_still_in_the_day(self, database, ledger, incoming):
        path = deliver(incoming)
        scan(incoming, ledger, 0)
        before = make_day(database, ledger, DAY)
        path.unlink()
        pd.testing.assert_frame_equal(make_day(database, ledger, DAY).frame, before.frame)


class TestOverMidnight:
    @pytest.mark.parametrize("order", [[DAY, NEXT], [NEXT, DAY], [NEXT]])
    def test_rows_reach_their_own_day_in_any_order_of_runs(self, database, ledger, incoming, order):
        deliver(incoming, start=START + timedelta(hours=20), rows=100)
        scan(incoming, ledger, 0)
        results = {day: make_day(database, ledger, day) for day in order}
        assert results[NEXT].total == 60
        assert raw_day(database, DAY).frame.shape[0] == 40
        assert balance(ledger) == (1, 0, 0)

    def test_the_second_day_becomes_due_when_the_first_is_loaded(self, database, ledger, incoming):
        deliver(incoming, start=START + timedelta(hours=20), rows=100)
        scan(incoming, ledger, 0)
        assert [due.day for due in due_days(database, ledger)] == [DAY]
        make_day(database, ledger, DAY)
        assert [due.day for due in due_days(database, ledger)] == [NEXT]
        make_day(database, ledger, NEXT)
        assert due_days(database, ledger) == []


class TestDue:
    def test_the_key_stays_until_new_data_arrive(self, database, ledger, incoming):
        deliver(incoming, "a.csv")
        scan(incoming, ledger, 0)
        (pending,) = due_days(database, ledger)
        load_day(database, ledger, DAY, "run")
        assert due_days(database, ledger) == [pending]
        make_day(database, ledger, DAY)
        assert due_days(database, ledger) == []
        deliver(incoming, "b.csv", start=START + timedelta(hours=12))
        scan(incoming, ledger, 0)
        (again,) = due_days(database, ledger)
        assert again.day == DAY
        assert again.key != pending.key


class TestTables:
    def test_what_was_stored_is_read_back(self, database, ledger, incoming):
        deliver(incoming)
        scan(incoming, ledger, 0)
        result = make_day(database, ledger, DAY)
        back = tables.read_clean(database, DAY)
        pd.testing.assert_frame_equal(back.frame, result.frame)
        assert back.total == result.total
        assert readers.kpis(database, date(2025, 6, 5)) == kpis(result)
        assert readers.days(database) == [date(2025, 6, 5)]
        assert readers.record_count(database) == result.kept

    def test_a_day_without_data_is_told_from_an_outage(self, database):
        assert readers.kpis(database, date(2025, 6, 5)) is None
        away = Database("postgresql://u@127.0.0.1:9/d", connect_seconds=2)
        with pytest.raises(DatabaseUnavailable):
            readers.kpis(away, date(2025, 6, 5))

    def test_days_do_not_touch_each_other(self, database, ledger, incoming):
        acquire(simulate(START, rows=480), incoming)
        scan(incoming, ledger, 0)
        make_day(database, ledger, DAY)
        make_day(database, ledger, NEXT)
        first = tables.read_clean(database, DAY)
        make_day(database, ledger, NEXT)
        pd.testing.assert_frame_equal(tables.read_clean(database, DAY).frame, first.frame)

    def test_a_day_of_unusable_rows_has_key_figures_that_say_so(self, database, ledger, incoming):
        (incoming / "a.csv").write_text(
            "timestamp,temperature,pressure,uptime\n2025-06-05T00:00:00Z,999,1,1\n"
        )
        scan(incoming, ledger, 0)
        make_day(database, ledger, DAY)
        assert readers.kpis(database, date(2025, 6, 5)).as_json()["avg_temp"] is None


@pytest.mark.parametrize("seed", range(3))
def test_any_sequence_of_deliveries_and_runs_ends_with_each_row_once(seed, database, ledger, incoming):
    chance = random.Random(seed)
    expected = set()
    for number in range(8):
        start = START + timedelta(minutes=6 * chance.randrange(0, 480), seconds=number)
        rows = list(simulate(start, rows=chance.randrange(1, 120), seed=number))
        expected.update(one.timestamp for one in rows)
        for copy in range(chance.randrange(1, 3)):
            (incoming / f"{number}-{copy}.csv").write_bytes(raw_text(rows))
        if chance.random() < 0.5:
            scan(incoming, ledger, 0)
        for due in due_days(database, ledger):
            if chance.random() < 0.5:
                make_day(database, ledger, due.day)
    scan(incoming, ledger, 0)
    while due := due_days(database, ledger):
        make_day(database, ledger, due[0].day)
    assert balance(ledger) == (8, 0, 0)
    stored = database.rows("select read_at from rig.delivered")
    assert len(stored) == len(expected)
    assert {moment for (moment,) in stored} == expected
