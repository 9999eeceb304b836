"""Loading supplies: every reading once, with the sector of its time, whatever happens in between."""

from dataclasses import replace

import pytest

from dsa_hcal_assets.hcal.snapshots.due import due_days
from dsa_hcal_assets.hcal.snapshots.load_report import Result
from dsa_hcal_assets.hcal.supplies.output_status import OutputStatus
from dsa_hcal_assets.hcal.supplies.snapshot import SUPPLIES, encode
from dsa_hcal_assets.hcal.supplies.supply_map import load_supply_map, shipped_path
from dsa_hcal_assets_tests.hcal.supplies import scene
from dsa_hcal_assets_tests.hcal.supplies.scene import cycle, snapshot

ROWS = 64 + 256 + 1


def counts(database):
    return database.rows(
        "select (select count(*) from hcal.source_snapshot where source = 'supplies'),"
        " (select count(*) from hcal.supply_unit_reading), count(*),"
        " count(distinct (ts, crate, slot, channel)) from hcal.supply_reading"
    )[0]


def test_every_bias_reading_reaches_its_sector(database, load):
    report = load(snapshot(0))
    assert [(one.result, one.rows) for one in report.outcomes] == [(Result.LOADED, ROWS)]
    rows = database.rows(
        "select hcal_sector, slot, channel, v_set, v_meas, i_limit, i_meas, switched_on, status, state"
        " from hcal.supply_reading where ts = %s and kind = 'mpod' order by hcal_sector",
        (cycle(0),),
    )
    assert [row[0] for row in rows] == list(range(64))
    for sector, slot, channel, *values, switched_on, status, state in rows:
        real = scene.truth(sector, cycle(0))
        assert 8 * slot + channel == sector
        assert values == pytest.approx([real.v_set, real.v_meas, real.i_limit, real.i_meas], rel=1e-6)
        assert (switched_on, status, state) == (True, real.status, "On")


def test_low_voltages_have_their_sector_and_no_state(database, load):
    load(snapshot(0))
    rows = database.rows(
        "select hcal_sector, count(*), count(v_meas), count(i_meas), count(v_set), count(state),"
        " count(status) from hcal.supply_reading where kind = 'lv_crate' group by 1 order by 1"
    )
    assert rows == [(sector, 4, 4, 4, 0, 0, 0) for sector in range(64)]


def test_a_channel_that_serves_no_sector_is_kept_without_one(database, load):
    load(snapshot(1))
    assert database.rows(
        "select crate, slot, channel, hcal_sector, v_meas from hcal.supply_reading where kind = 'meter'"
    ) == [("keithley", 0, 0, None, 65.0)]


def test_the_snapshot_and_its_crates_are_on_record(database, load):
    load(snapshot(0, down={"lv"}))
    assert database.rows(
        "select sequence, acquisition_id, run_number, boards_ok, boards_partial, boards_down, rows, run_id"
        " from hcal.source_snapshot where source = 'supplies'"
    ) == [(0, "acquisition-1", 52000, 2, 0, 1, 65, "run-1")]
    rows = database.rows(
        "select crate, kind::text, status, sampled_at is null, main_switch, failed_readings,"
        " error ->> 'what', error -> 'readings' from hcal.supply_unit_reading order by crate"
    )
    assert rows == [
        ("keithley", "meter", "ok", False, None, 0, None, None),
        ("lv", "lv_crate", "down", True, None, 1, "lv did not answer", {"outputTable": "lv did not answer"}),
        ("mpod", "mpod", "ok", False, True, 0, None, None),
    ]


def test_loading_twice_changes_nothing(database, load):
    load(snapshot(0), snapshot(1))
    assert load().outcomes == ()
    assert counts(database) == (2, 5, ROWS + 65, ROWS + 65)


def test_a_day_is_reloaded_from_its_files_under_a_corrected_map(database, load, tmp_path):
    load(snapshot(0), snapshot(1))
    swapped = tmp_path / "map.csv"
    text = shipped_path().read_text()
    swapped.write_text(text.replace(",mpod,0,0,0", ",mpod,0,0,1").replace(",mpod,0,1,1", ",mpod,0,1,0"))
    report = load(everything=True, by=load_supply_map(swapped), run_id="run-2")
    assert report.count(Result.REPLACED) == 2
    assert counts(database) == (2, 5, ROWS + 65, ROWS + 65)
    assert database.rows(
        "select slot, channel, hcal_sector from hcal.supply_reading where ts = %s and kind = 'mpod'"
        " and hcal_sector < 2 order by channel",
        (cycle(1),),
    ) == [(0, 0, 1), (0, 1, 0)]
    assert database.rows("select distinct run_id from hcal.source_snapshot") == [("run-2",)]


def test_the_map_of_the_readings_time_counts(database, load, tmp_path):
    path = tmp_path / "map.csv"
    path.write_text(
        "valid_from,valid_to,crate,slot,channel,hcal_sector\n"
        "2023-01-01,2025-06-05T00:01:00,mpod,0,0,10\n2025-06-05T00:01:00,,mpod,0,0,20\n"
    )
    load(snapshot(0), snapshot(1), by=load_supply_map(path))
    assert database.rows(
        "select ts, hcal_sector from hcal.supply_reading where hcal_sector is not null order by ts"
    ) == [(cycle(0), 10), (cycle(1), 20)]


def test_snapshots_out_of_order_and_again_under_another_name_have_one_effect(database, load, incoming):
    load(snapshot(2))
    load(snapshot(0))
    (incoming / "copy.snap").write_bytes(encode(snapshot(0)))
    load()
    assert counts(database)[:2] == (2, 5)


def test_damaged_and_conflicting_files_go_to_quarantine_and_the_others_are_loaded(
    database, load, ledger, incoming
):
    incoming.mkdir(parents=True)
    data = bytearray(encode(snapshot(1)))
    data[len(data) // 2] ^= 1
    (incoming / SUPPLIES.file_name(cycle(1))).write_bytes(data)
    load(snapshot(0))
    (incoming / "other.snap").write_bytes(encode(replace(snapshot(0), run_number=1)))
    load(snapshot(2))
    assert counts(database)[0] == 2
    assert sorted(bad.reason["error"] for bad in ledger.quarantined()) == ["InputConflict", "SnapshotDamaged"]


def test_crates_nobody_knows_are_loaded_under_their_own_name(database, load):
    strange = replace(snapshot(1).boards[0], board='bench, "5"\n\\N')
    load(replace(snapshot(1), boards=(strange,)))
    assert database.rows("select distinct crate, hcal_sector from hcal.supply_reading") == [
        ('bench, "5"\n\\N', None)
    ]


def test_every_state_is_told_in_words(database, load):
    words = {
        0: (OutputStatus.ON | OutputStatus.CONSTANT_VOLTAGE, "On"),
        1: (OutputStatus.FAILURE_MAX_CURRENT, "Tripped"),
        2: (OutputStatus.ON | OutputStatus.CURRENT_LIMITED, "Current limited"),
        3: (OutputStatus.ON | OutputStatus.RAMP_UP, "Other"),
    }

    def change(channel):
        bits = words.get(channel.channel, (0, ""))[0]
        return replace(channel, status=int(bits))

    load(snapshot(1, change=change))
    rows = dict(
        database.rows("select channel, state from hcal.supply_reading where kind = 'mpod' and slot = 0")
    )
    assert {channel: rows[channel] for channel in words} == {
        channel: word for channel, (_, word) in words.items()
    }


def test_a_loaded_day_is_due_until_it_is_reported(database, load, ledger):
    load(snapshot(0))
    assert due_days(database, ledger, "supplies") == []
    [(source, day)] = database.rows("select source, day::text from hcal.due_day")
    assert (source, day) == ("supplies", scene.DAY)


def test_the_log_has_the_columns_and_the_local_time_dashboards_know(database, load):
    load(snapshot(0), snapshot(1))
    columns = [
        name
        for (name,) in database.rows(
            "select column_name from information_schema.columns where table_name = 'hcalmpodlog'"
            " order by ordinal_position"
        )
    ]
    assert columns == ["time", "slot", "channel", "hcal", "vset", "vmeas", "ilimit", "imeas", "status"]
    rows = database.rows("select * from hcalmpodlog order by time, hcal")
    assert len(rows) == 128
    time, slot, channel, sector, vset, vmeas, ilimit, imeas, status = rows[13]
    real = scene.truth(13, cycle(0))
    # five hours behind UTC less one of daylight saving time
    assert time.isoformat() == "2025-06-04T20:00:00"
    assert (slot, channel, sector, status) == (1, 5, 13, real.status)
    assert (vset, vmeas) == pytest.approx((real.v_set, real.v_meas), rel=1e-6)
    assert (ilimit, imeas) == pytest.approx((5.5, real.i_meas * 1e6), rel=1e-6)


def test_the_zone_of_the_log_can_be_set(database, load):
    load(snapshot(0))
    with database.transaction() as cursor:
        cursor.execute("set local dsa_hcal.local_zone to 'UTC'")
        cursor.execute("select distinct time::text from hcalmpodlog")
        assert cursor.fetchall() == [("2025-06-05 00:00:00",)]


def test_one_time_of_the_log_is_found_without_reading_the_month(database, load):
    load(*(snapshot(number) for number in range(3)))
    with database.transaction() as cursor:
        cursor.execute("set local enable_seqscan to off")
        cursor.execute("explain select * from hcalmpodlog where time = '2025-06-04T20:01:00'")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "supply_reading_2025_06_pkey" in plan


def test_a_range_of_the_log_is_found_cycle_by_cycle(database, load):
    load(*(snapshot(number) for number in range(3)))
    with database.transaction() as cursor:
        cursor.execute("explain select * from hcalmpodlog where time > '2025-06-04' and time < '2025-06-06'")
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("select count(*) from hcalmpodlog where time > '2025-06-04' and time < '2025-06-06'")
        assert cursor.fetchall() == [(192,)]
    # joined as a whole, a hash join reads all months
    assert "Nested Loop" in plan
    assert "Hash" not in plan
