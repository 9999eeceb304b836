"""EMCal snapshots in the database: every tower's truth, once, whatever the files are like."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from dsa_hcal_assets.hcal.emcal import geometry
from dsa_hcal_assets.hcal.emcal.assumed_map import map_text
from dsa_hcal_assets.hcal.emcal.board_map import load_board_map
from dsa_hcal_assets.hcal.emcal.dimensions import sync_dimensions
from dsa_hcal_assets.hcal.snapshots.load_report import Result
from dsa_hcal_assets_tests.hcal.emcal import calorimeter
from dsa_hcal_assets_tests.hcal.emcal.calorimeter import SILENT, changed, cycle, snapshot, truth_of_tower

SOME = (0, 3, 64, 191, 385, 12345, 24575)


def test_every_tower_has_the_truth_of_its_sensors(database, load):
    report = load(snapshot(0))
    assert (report.rows, report.count(Result.LOADED)) == (24576, 1)
    rows = database.rows(
        "select tower_id, temperature_sipm, temperature_preamp, bias, leakage from hcal.emcal_reading"
        " where ts = %s order by tower_id",
        (cycle(0),),
    )
    assert [row[0] for row in rows] == list(range(3072, 27648))
    for towerid in SOME:
        assert rows[towerid][1:] == pytest.approx(tuple(truth_of_tower(towerid, cycle(0)).values()), rel=1e-6)


def test_the_dimension_table_says_what_the_code_says(database, load):
    load(snapshot(0, sectors=[0]))
    towers = geometry.towers()
    [columns] = database.rows(
        "select array_agg(ieta order by tower_id), array_agg(iphi order by tower_id),"
        " array_agg(sector order by tower_id), array_agg(interface_board order by tower_id)"
        " from hcal.emcal_tower"
    )
    for found, name in zip(columns, ("ieta", "iphi", "sector", "interface_board"), strict=True):
        np.testing.assert_array_equal(found, getattr(towers, name))


def test_dimensions_are_written_once(database, tables):
    assert sync_dimensions(database, tables.board_map)
    assert not sync_dimensions(database, tables.board_map)
    assert database.rows("select count(*) from hcal.emcal_board_map") == [(384,)]


def test_loading_again_leaves_the_same_rows(database, load, ledger):
    load(snapshot(0), snapshot(1))
    before = database.rows("select count(*), sum(leakage) from hcal.emcal_reading")
    again = load(day=calorimeter.DAY, everything=True)
    assert again.count(Result.REPLACED) == 2
    assert database.rows("select count(*), sum(leakage) from hcal.emcal_reading") == before
    assert load().outcomes == ()


def test_what_was_not_read_is_null_and_a_board_that_is_down_has_no_rows(database, load):
    one = snapshot(0, sectors=(8, 9), down={9})
    leakage = np.array(one.controllers[0].leakage)
    leakage[2] = np.nan
    load(changed(one, 8, leakage=leakage, errors={2: {"leakage": SILENT}}))
    assert database.rows(
        "select t.sector, t.interface_board, count(*), count(r.leakage), count(r.bias)"
        " from hcal.emcal_reading r join hcal.emcal_tower t using (tower_id) group by 1, 2 order by 1, 2"
    ) == [(8, board, 64, 0 if board == 2 else 64, 64) for board in range(6)]
    states = database.rows(
        "select status, count(*), sum(failed_readings) from hcal.emcal_board_reading group by 1 order by 1"
    )
    assert states == [("absent", 372, 0), ("down", 6, 24), ("ok", 5, 0), ("partial", 1, 1)]


def test_the_board_table_has_gain_and_voltages(database, load):
    one = changed(snapshot(0, sectors=[8]), 8, gain=("high", None, *["normal"] * 4))
    load(one)
    rows = database.rows(
        "select gain::text, bias, lv_positive, lv_negative, sampled_at from hcal.emcal_board_reading"
        " where sector = 8 order by interface_board"
    )
    assert [row[0] for row in rows] == ["high", None, *["normal"] * 4]
    for index, (_, bias, positive, negative, sampled_at) in enumerate(rows):
        assert [positive, bias, negative] == pytest.approx(one.controllers[0].voltage[index].tolist())
        assert sampled_at == one.controllers[0].sampled_at


def test_an_unknown_controller_is_left_out_and_named(database, load):
    one = snapshot(0, sectors=(8, 9))
    strange = replace(one.controllers[1], controller="X1")
    report = load(replace(one, controllers=(one.controllers[0], strange)))
    assert report.rejected_boards == tuple(f"X1/{channel}" for channel in range(6))
    assert report.rows == 384
    assert database.rows("select count(*) from hcal.emcal_board_reading where status = 'unmapped'") == [(6,)]


def test_a_swapped_cable_is_put_right_by_loading_again_under_a_corrected_map(
    database, load, tables, tmp_path
):
    load(snapshot(0, sectors=[8]))
    corrected = tmp_path / "map.csv"
    swapped = map_text().replace("S08,0,8,0", "S08,0,8,x").replace("S08,1,8,1", "S08,1,8,0")
    corrected.write_text(swapped.replace("S08,0,8,x", "S08,0,8,1"))
    load(everything=True, tables=replace(tables, board_map=load_board_map(corrected)))
    first = int(geometry.towerids_of_board(8, 1)[0])
    [(found,)] = database.rows(
        "select temperature_sipm from hcal.emcal_reading where tower_id = %s", (first + 3072,)
    )
    other = int(geometry.towerids_of_board(8, 0)[0])
    assert found == pytest.approx(truth_of_tower(other, cycle(0))["temperature_sipm"], rel=1e-6)


def test_a_snapshot_from_before_the_maps_validity_goes_to_quarantine(load, tables, tmp_path):
    late = tmp_path / "map.csv"
    late.write_text(map_text().replace("2023-01-01", "2025-06-06"))
    report = load(snapshot(0, sectors=[8]), tables=replace(tables, board_map=load_board_map(late)))
    assert [outcome.result for outcome in report.outcomes] == [Result.QUARANTINED]
    assert report.outcomes[0].error["error"] == "MapNotValid"


def test_a_damaged_file_costs_only_itself(load, emcal_incoming):
    [path] = calorimeter.land(emcal_incoming, snapshot(0, sectors=[8]))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert [outcome.result for outcome in load(snapshot(1, sectors=[8])).outcomes] == [Result.LOADED]


def test_months_get_partitions_of_their_own(database, load):
    for moment in (datetime(2025, 6, 30, 23, 50, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC)):
        load(snapshot(0, sectors=[8], moment=moment), day=moment.date())
    names = database.rows(
        "select relname from pg_class where relname ~ '^emcal_reading_[0-9_]+$' and relkind = 'r' order by 1"
    )
    assert names == [("emcal_reading_2025_06",), ("emcal_reading_2025_07",)]


def test_reconstruction_reads_the_compatibility_view(database, load):
    load(snapshot(0), snapshot(1))
    # what the unchanged client sends: nearest time by absolute difference, then all towers at exactly it
    nearest = (
        "select time from emcal_heartbeat order by abs(extract(epoch from time)"
        " - extract(epoch from '2025-06-04 20:08:00'::timestamp)) limit 1"
    )
    [(time,)] = database.rows(nearest)
    assert time == datetime(2025, 6, 4, 20, 10)
    assert database.rows("select emcal_heartbeat_time('2025-06-04 20:08:00')") == [(time,)]
    rows = database.rows(
        "select towerid, temp_sipm as temp, temp_pa, bias from emcal_heartbeat where time = %s order by 1",
        (time,),
    )
    assert len(rows) == 24576
    truth = truth_of_tower(385, cycle(1))
    assert rows[385] == pytest.approx(
        (385, truth["temperature_sipm"], truth["temperature_preamp"], -truth["bias"]), rel=1e-6
    )
    assert database.rows("select emcal_heartbeat_time('2025-06-05 20:08:00')") == [(None,)]
