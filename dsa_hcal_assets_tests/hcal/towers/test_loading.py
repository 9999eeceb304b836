"""Loading: every snapshot once and whole, whatever happens in between."""

import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import DatabaseUnavailable
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS, encode
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap, load_channel_map, shipped_path
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.hcal.snapshots.load_report import Result
from dsa_hcal_assets.hcal.towers import loading
from dsa_hcal_assets.hcal.towers.loading import load_day
from dsa_hcal_assets.hcal.towers.snapshot_tables import TowerTables
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets_tests.hcal import detector
from dsa_hcal_assets_tests.hcal.detector import DAY, cycle, land, snapshot


def counts(database: Database) -> tuple[int, int, int]:
    """Snapshots, tower rows, distinct keys of tower rows."""
    [row] = database.rows(
        "select (select count(*) from hcal.snapshot), count(*), count(distinct (ts, tower_id))"
        " from hcal.tower_reading"
    )
    return tuple(row)  # type: ignore[return-value]


def test_every_value_reaches_its_tower(
    database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap
) -> None:
    land(incoming, snapshot(0))
    scan(incoming, ledger, CONTROLLERS)
    report = load_day(database, ledger, DAY, channel_map, "run-1")

    assert [(one.result, one.rows) for one in report.outcomes] == [(Result.LOADED, 3072)]
    epoch = channel_map.at(cycle(0))
    rows = {row[0]: row[1:] for row in database.rows(
        "select tower_id, temperature, leakage, bias_offset, bias, lv_positive, lv_negative, gain::text"
        " from hcal.tower_reading where ts = %s", (cycle(0),)
    )}  # fmt: skip
    for board in epoch.boards:
        for channel in range(8):
            real = detector.truth(board, channel, cycle(0))
            towers = epoch.towers_of(board)
            assert towers is not None
            for value, tower in enumerate(towers[channel].tolist()):
                wanted = [real.temperature[value], real.leakage[value], real.offset[value]]
                wanted += [real.bias, real.lv_positive, real.lv_negative]
                np.testing.assert_allclose(rows[tower][:6], wanted, rtol=1e-6)
                assert rows[tower][6] == "normal"


def test_snapshot_row_keeps_who_took_it_and_how_it_went(
    database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap
) -> None:
    land(incoming, snapshot(3, down={"91"}, unread_temperatures={"82": 3}, run_number=-1))
    scan(incoming, ledger, CONTROLLERS)
    load_day(database, ledger, DAY, channel_map, "run-1")

    [row] = database.rows(
        "select sequence, acquisition_id, run_number, boards_ok, boards_partial, boards_down, boards_absent,"
        " boards_unmapped, towers_read, map_digest, run_id from hcal.snapshot"
    )
    assert row == (3, "acquisition-1", -1, 14, 1, 1, 0, 0, 3072 - 192 - 24, channel_map.digest, "run-1")


def test_what_was_not_read_is_null_and_a_board_that_is_down_has_no_rows(
    database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap
) -> None:
    one = detector.with_channel(snapshot(0, down={"91"}, unread_temperatures={"82": 3}), "83", 1, gain=None)
    land(incoming, detector.with_channel(one, "83", 2, bias=float("nan")))
    scan(incoming, ledger, CONTROLLERS)
    load_day(database, ledger, DAY, channel_map, "run-1")

    [row] = database.rows(
        "select count(*), count(temperature), count(leakage), count(gain), count(bias),"
        " count(*) filter (where temperature = 'NaN') from hcal.tower_reading"
    )
    assert row == (2880, 2880 - 24, 2880, 2880 - 24, 2880 - 24, 0)


def test_board_states_carry_the_reason(day: Database) -> None:
    rows = dict(day.rows("select status, error from hcal.board_reading where status <> 'ok' order by ts"))
    assert rows["down"]["what"] == "board 91 did not answer"
    assert rows["partial"]["channels"] == {"3": {"temperatures": "17 numbers instead of 24"}}


def test_loading_twice_changes_nothing(
    database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap
) -> None:
    land(incoming, snapshot(0), snapshot(1))
    scan(incoming, ledger, CONTROLLERS)
    load_day(database, ledger, DAY, channel_map, "run-1")
    again = load_day(database, ledger, DAY, channel_map, "run-2")
    assert again.outcomes == ()
    assert counts(database) == (2, 6144, 6144)


def test_a_day_is_reloaded_from_its_files(
    database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap
) -> None:
    land(incoming, snapshot(0), snapshot(1))
    scan(incoming, ledger, CONTROLLERS)
    load_day(database, ledger, DAY, channel_map, "run-1")
    before = database.rows("select * from hcal.tower_reading order by ts, tower_id")
    report = load_day(database, ledger, DAY, channel_map, "run-2", everything=True)
    assert report.count(Result.REPLACED) == 2
    assert database.rows("select * from hcal.tower_reading order by ts, tower_id") == before
    assert database.rows("select distinct run_id from hcal.snapshot") == [("run-2",)]


def test_reloading_under_a_corrected_map_moves_the_towers(
    database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap, tmp_path: Path
) -> None:
    land(incoming, snapshot(0))
    scan(incoming, ledger, CONTROLLERS)
    load_day(database, ledger, DAY, channel_map, "run-1")
    swapped = tmp_path / "map.csv"
    text = shipped_path().read_text()
    swapped.write_text(
        text.replace(",80,0,", ",80,x,").replace(",80,1,", ",80,0,").replace(",80,x,", ",80,1,")
    )
    corrected = load_channel_map(swapped)
    load_day(database, ledger, DAY, corrected, "run-2", everything=True)

    tower = int(corrected.at(cycle(0)).tower_ids[0, 0, 0])
    [(temperature,)] = database.rows(
        "select temperature from hcal.tower_reading where tower_id = %s", (tower,)
    )
    assert temperature == pytest.approx(detector.truth("80", 0, cycle(0)).temperature[0])
    assert counts(database) == (1, 3072, 3072)
    assert database.rows("select count(*) from hcal.channel_map") == [(3072,)]


def test_a_board_the_map_does_not_know_is_left_out_and_named(
    database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap
) -> None:
    land(incoming, snapshot(0, boards=["80", "81", "42"]))
    scan(incoming, ledger, CONTROLLERS)
    report = load_day(database, ledger, DAY, channel_map, "run-1")
    assert report.rejected_boards == ("42",)
    assert counts(database) == (1, 384, 384)
    [row] = database.rows("select boards_ok, boards_absent, boards_unmapped from hcal.snapshot")
    assert row == (2, 14, 1)


def test_a_damaged_file_is_quarantined_and_the_others_are_loaded(
    database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap
) -> None:
    _, victim, _ = land(incoming, snapshot(0), snapshot(1), snapshot(2))
    scan(incoming, ledger, CONTROLLERS)
    whole = victim.read_bytes()
    victim.write_bytes(whole.replace(b"22.", b"23.", 1))
    report = load_day(database, ledger, DAY, channel_map, "run-1")

    assert [one.result for one in report.outcomes] == [Result.LOADED, Result.QUARANTINED, Result.LOADED]
    assert report.outcomes[1].error is not None
    assert "damaged" in str(report.outcomes[1].error["what"])
    balance = ledger.balance()["hcal"]
    assert (balance.accepted, balance.loaded, balance.quarantined, balance.pending) == (3, 2, 1, 0)

    [bad] = ledger.quarantined()
    bad.path.write_bytes(whole)
    ledger.release(bad.arrival_id)
    assert load_day(database, ledger, DAY, channel_map, "run-2").count(Result.LOADED) == 1
    assert counts(database) == (3, 9216, 9216)


def test_a_file_damaged_after_loading_does_not_take_its_rows_along(
    database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap
) -> None:
    [path] = land(incoming, snapshot(0))
    scan(incoming, ledger, CONTROLLERS)
    load_day(database, ledger, DAY, channel_map, "run-1")
    path.write_bytes(path.read_bytes()[:500])
    report = load_day(database, ledger, DAY, channel_map, "run-2", everything=True)
    assert [one.result for one in report.outcomes] == [Result.KEPT]
    assert counts(database) == (1, 3072, 3072)


def test_a_file_that_cannot_be_opened_stays_pending(
    database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap
) -> None:
    path, _ = land(incoming, snapshot(0), snapshot(1))
    scan(incoming, ledger, CONTROLLERS)
    path.rename(path.with_suffix(".away"))
    report = load_day(database, ledger, DAY, channel_map, "run-1")
    assert [one.result for one in report.outcomes] == [Result.UNAVAILABLE, Result.LOADED]
    path.with_suffix(".away").rename(path)
    assert load_day(database, ledger, DAY, channel_map, "run-2").count(Result.LOADED) == 1


def test_a_file_replaced_by_another_cycle_is_refused(
    database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap
) -> None:
    [path] = land(incoming, snapshot(0))
    scan(incoming, ledger, CONTROLLERS)
    path.write_bytes(encode(snapshot(5)))
    report = load_day(database, ledger, DAY, channel_map, "run-1")
    assert report.outcomes[0].error is not None
    assert report.outcomes[0].error["error"] == "InputConflict"
    assert counts(database) == (0, 0, 0)


def test_a_snapshot_before_the_map_begins_is_quarantined_with_the_remedy(
    database: Database, ledger: Ledger, incoming: Path, tmp_path: Path
) -> None:
    later = tmp_path / "map.csv"
    later.write_text(shipped_path().read_text().replace("2023-01-01", "2025-07-01"))
    land(incoming, snapshot(0))
    scan(incoming, ledger, CONTROLLERS)
    report = load_day(database, ledger, DAY, load_channel_map(later), "run-1")
    assert report.outcomes[0].error is not None
    assert report.outcomes[0].error["error"] == "MapNotValid"
    [quarantined] = ledger.quarantined()
    assert quarantined.reason is not None
    assert "validity" in quarantined.reason["remedy"]


def test_a_snapshot_from_the_future_is_quarantined(
    database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap
) -> None:
    land(incoming, snapshot(12))
    scan(incoming, ledger, CONTROLLERS)
    now = cycle(12) - timedelta(hours=1, seconds=1)
    report = load_day(database, ledger, DAY, channel_map, "run-1", now=now)
    assert report.count(Result.QUARANTINED) == 1


class CutAt(Ledger):
    """A ledger whose connection the server ends at the n-th commit of snapshots, before it."""

    def __init__(self, database: Database, quarantine: Path, commit: int) -> None:
        super().__init__(database, quarantine)
        self.commits_left = commit
        self.other = database

    def mark_loaded(self, cursor: Any, arrivals: Any, run_id: str) -> None:
        super().mark_loaded(cursor, arrivals, run_id)
        self.commits_left -= 1
        if self.commits_left == 0:
            self.other.rows("select pg_terminate_backend(%s)", (cursor.connection.get_backend_pid(),))


@pytest.mark.parametrize(("commit", "whole"), [(1, 0), (2, 1), (3, 3)])
def test_a_cut_connection_leaves_nothing_half_loaded_and_the_retry_loads_the_rest_once(
    database: Database,
    tmp_path: Path,
    incoming: Path,
    channel_map: ChannelMap,
    monkeypatch: pytest.MonkeyPatch,
    commit: int,
    whole: int,
) -> None:
    monkeypatch.setattr(loading, "TowerTables", partial(TowerTables, batch=2))
    ledger = CutAt(database, tmp_path / "quarantine", commit)
    land(incoming, *(snapshot(number) for number in range(5)))
    scan(incoming, ledger, CONTROLLERS)

    with pytest.raises(DatabaseUnavailable):
        load_day(database, ledger, DAY, channel_map, "run-1")
    assert counts(database) == (whole, whole * 3072, whole * 3072)
    assert ledger.balance()["hcal"].loaded == whole

    report = load_day(database, ledger, DAY, channel_map, "run-2")
    assert report.count(Result.LOADED) == 5 - whole
    assert counts(database) == (5, 5 * 3072, 5 * 3072)
    assert ledger.balance()["hcal"].pending == 0


def test_two_loaders_of_one_day_load_each_snapshot_once(
    database: Database,
    ledger: Ledger,
    incoming: Path,
    channel_map: ChannelMap,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loading, "TowerTables", partial(TowerTables, batch=2))
    land(incoming, *(snapshot(number) for number in range(6)))
    scan(incoming, ledger, CONTROLLERS)
    together = threading.Barrier(2)
    reports = []

    def work(run_id: str) -> None:
        together.wait()
        reports.append(load_day(database, ledger, DAY, channel_map, run_id))

    threads = [threading.Thread(target=work, args=(f"run-{number}",)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(reports) == 2
    assert sum(report.count(Result.LOADED) for report in reports) == 6
    assert counts(database) == (6, 6 * 3072, 6 * 3072)


def test_each_month_has_its_partition(
    database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap
) -> None:
    days = [datetime(2025, 6, 30, 23, 50, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC)]
    land(incoming, *(snapshot(number, moment=moment) for number, moment in enumerate(days)))
    scan(incoming, ledger, CONTROLLERS)
    for day in days:
        load_day(database, ledger, day.date(), channel_map, "run-1")
    rows = database.rows(
        "select tableoid::regclass::text, count(*) from hcal.tower_reading group by 1 order by 1"
    )
    assert rows == [("hcal.tower_reading_2025_06", 3072), ("hcal.tower_reading_2025_07", 3072)]


def test_dimensions_agree_with_geometry(day: Database, channel_map: ChannelMap) -> None:
    towers = geometry.towers()
    rows = day.rows(
        "select tower_id, detector, towerid, packed_key, ieta, iphi, sector_id, half_sector,"
        " half_sector_label"
        " from hcal.tower order by tower_id"
    )
    for name, column in zip(
        ("tower_id", "detector", "towerid", "packed_key", "ieta", "iphi", "sector_id", "half_sector"),
        zip(*rows, strict=True),
        strict=False,
    ):
        assert list(column) == getattr(towers, name).tolist()
    assert [row[8] for row in rows] == [geometry.half_sector_label(row[7]) for row in rows]
    assert day.rows("select value from hcal.setting where name = 'channel_map_digest'") == [
        (channel_map.digest,)
    ]


def test_report_tells_the_day_in_one_line(
    database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap
) -> None:
    land(incoming, snapshot(0))
    scan(incoming, ledger, CONTROLLERS)
    report = load_day(database, ledger, DAY, channel_map, "run-1")
    assert report.summary().startswith(f"{DAY}: 1 loaded; 3072 rows in")
    assert (
        load_day(database, ledger, DAY, channel_map, "run-1").summary().startswith(f"{DAY}: nothing pending")
    )
