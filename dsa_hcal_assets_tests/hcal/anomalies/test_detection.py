"""What is injected is found, where and when it was, once; nothing else is."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.anomalies import detection, readers
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets_tests.hcal.anomalies.conftest import Look
from dsa_hcal_assets_tests.hcal.anomalies.scene import DAY, START, STEP, Scene, quiet

DAY_BEFORE = START - timedelta(days=1)
EVENING = START - 24 * STEP
TOWER, OTHER, BOARD, HALF_SECTOR = 100, 2000, "82", 16
BACKGROUND = ["kind", "quantity", "place", "started_at", "last_seen_at", "ended_at", "severity", "samples"]


def only(found: pd.DataFrame, kind: str, quantity: str) -> pd.Series:
    """The one anomaly of a kind and quantity."""
    chosen = found[(found["kind"] == kind) & (found["quantity"] == quantity)]
    assert len(chosen) == 1, found[BACKGROUND].to_string()
    return chosen.iloc[0]


def kinds(found: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(found["kind"], found["quantity"], strict=True))


def test_nothing_is_wrong_with_a_detector_in_good_order(look: Look) -> None:
    assert look(quiet()).empty


def test_a_hot_tower_is_found_from_its_first_to_its_first_good_sample(look: Look) -> None:
    scene = quiet()
    scene.temperature[12:18, TOWER] = [31, 36.5, 37, 36, 34, 31]
    found = only(look(scene), "limit", "temperature")
    assert (found["tower_id"], found["half_sector"], found["detector"]) == (TOWER, 5, 0)
    assert found["place"] == "OHCal 100 (O-02S)"
    assert found["started_at"] == START + 12 * STEP
    assert found["last_seen_at"] == START + 17 * STEP
    assert found["ended_at"] == START + 18 * STEP
    assert (found["severity"], found["value"], found["limit_value"], found["samples"]) == ("error", 37, 35, 6)


def test_a_short_pause_does_not_make_two_of_one(look: Look) -> None:
    scene = quiet()
    scene.temperature[[6, 7, 9, 10, 20], TOWER] = 31
    found = look(scene)
    found = found[(found["kind"] == "limit")]
    assert found["started_at"].tolist() == [START + 6 * STEP, START + 20 * STEP]
    assert found["ended_at"].tolist() == [START + 11 * STEP, START + 21 * STEP]
    assert found["samples"].tolist() == [4, 1]


def test_samples_that_were_not_read_end_nothing(look: Look) -> None:
    scene = quiet()
    scene.temperature[6:20, TOWER] = 31
    scene.temperature[8:18, TOWER] = np.nan
    found = only(look(scene), "limit", "temperature")
    assert (found["samples"], found["ended_at"]) == (4, START + 20 * STEP)


def test_a_fast_change_is_seen_across_midnight(look: Look) -> None:
    found = look(quiet(6, START - 6 * STEP), shifted(quiet(), TOWER, 0.8))
    change = only(found, "change", "temperature")
    assert (change["started_at"], change["ended_at"]) == (START, START + STEP)
    assert change["value"] == pytest.approx(0.8, abs=0.2)


def test_a_tower_that_left_its_usual_value_is_found_though_it_is_within_all_limits(look: Look) -> None:
    before = [quiet(12, START - timedelta(days=days)) for days in (3, 2, 1)]
    found = look(*before, shifted(quiet(), TOWER, 1.5, start=0))
    history = only(found, "history", "temperature")
    assert history["tower_id"] == TOWER
    assert history["value"] > 6
    assert history["ended_at"] is pd.NaT


def test_a_warmer_hall_is_one_anomaly_of_the_detector_not_one_of_each_tower(look: Look) -> None:
    before = [quiet(12, START - timedelta(days=days)) for days in (3, 2, 1)]
    warm = quiet(6)
    warm.temperature[:, 1536:] += 2
    found = look(*before, warm)
    history = only(found, "history", "temperature")
    assert (history["place"], history["detector"]) == ("IHCal", 1)
    assert pd.isna(history["tower_id"])


def test_history_says_nothing_before_there_are_three_days_of_it(look: Look) -> None:
    found = look(quiet(12, START - timedelta(days=2)), quiet(12, DAY_BEFORE), shifted(quiet(), TOWER, 1.5))
    assert ("history", "temperature") not in kinds(found)


@pytest.mark.parametrize("kind", ["neighbours", "half_sector"])
def test_a_tower_unlike_those_around_it_is_found_without_any_history(look: Look, kind: str) -> None:
    found = only(look(shifted(quiet(), TOWER, 1.5, start=0)), kind, "temperature")
    assert found["tower_id"] == TOWER
    assert found["samples"] == 36


def test_leakage_counts_only_with_bias_on(look: Look) -> None:
    scene = quiet()
    scene.leakage[6:12, TOWER] = 80
    scene.leakage[20:30, OTHER] = 80
    scene.bias[18:32, geometry.towers().half_sector[OTHER]] = 0.2
    found = look(scene)
    assert only(found, "limit", "leakage")["tower_id"] == TOWER
    changes = found[(found["kind"] == "change") & (found["quantity"] == "leakage")]
    assert changes["tower_id"].tolist() == [TOWER, TOWER]  # up and down
    off = only(found, "off", "bias")
    assert (off["started_at"], off["ended_at"], off["severity"]) == (
        START + 18 * STEP,
        START + 32 * STEP,
        "error",
    )


def test_a_lost_low_voltage_is_found_on_its_half_sector(look: Look) -> None:
    scene = quiet()
    scene.lv_negative[10:, HALF_SECTOR] = 0
    scene.lv_positive[3:5, HALF_SECTOR] = 5.2
    found = look(scene)
    off = only(found, "off", "lv_negative")
    assert (off["place"], off["half_sector"]) == ("O-08N", HALF_SECTOR)
    assert off["ended_at"] is pd.NaT
    low = only(found, "limit", "lv_positive")
    assert (low["severity"], low["samples"]) == ("warning", 2)
    assert kinds(found) == {("off", "lv_negative"), ("limit", "lv_positive")}


def test_a_half_sector_in_another_gain_mode_than_its_sector_is_found(look: Look) -> None:
    scene = quiet()
    scene.high_gain[5:8, HALF_SECTOR] = True
    scene.high_gain[:, [40, 41]] = True  # a whole sector: its halves agree
    found = only(look(scene), "mode", "gain")
    assert (found["place"], found["samples"]) == ("O-08N", 3)


def test_a_board_is_silent_from_its_first_cycle_once_there_are_three(look: Look) -> None:
    scene = quiet()
    scene.down = {(cycle, BOARD) for cycle in (3, 4, 10, 11, 12, 13)} | {(9, "83")}
    found = only(look(scene), "silent", "replies")
    assert (found["board"], found["place"]) == (BOARD, f"board {BOARD}")
    assert (found["started_at"], found["ended_at"], found["value"]) == (
        START + 10 * STEP,
        START + 14 * STEP,
        4,
    )


class TestOffsets:
    def test_offsets_that_come_back_otherwise_after_a_power_cut_are_found(self, look: Look) -> None:
        scene = quiet()
        scene.down = {(cycle, BOARD) for cycle in range(10, 30)}
        scene.bias_offset[30:, TOWER] += 200
        scene.bias_offset[30:, OTHER] -= 700
        found = look(scene)
        found = found[found["kind"] == "change"]
        assert sorted(found["tower_id"]) == [TOWER, OTHER]
        assert set(found["started_at"]) == {START + 30 * STEP}

    def test_a_change_over_night_is_one_too(self, look: Look) -> None:
        scene = quiet()
        scene.bias_offset[:, TOWER] += 20
        found = only(look(quiet(12, DAY_BEFORE), scene), "change", "bias_offset")
        assert (found["started_at"], found["value"], found["severity"]) == (START, 20, "warning")

    def test_with_a_set_point_only_the_difference_from_it_counts(
        self, look: Look, database: Database
    ) -> None:
        scene = quiet()
        scene.bias_offset[12:, [TOWER, OTHER]] += 300
        wanted = float(scene.bias_offset[12, TOWER])
        event = database.rows(
            "insert into hcal.event (at, kind, source) values (%s, %s, %s) returning event_id",
            (START, "offsets_changed", "test"),
        )[0][0]
        rows = [
            (TOWER, START - STEP, START + 12 * STEP - timedelta(seconds=5), wanted - 300),
            (TOWER, START + 12 * STEP - timedelta(seconds=5), None, wanted),
            (OTHER, START - STEP, None, float(scene.bias_offset[0, OTHER])),
        ]
        for tower, start, end, value in rows:
            database.rows(
                "insert into hcal.set_point values (%s, %s, tstzrange(%s, %s), %s, %s) returning 1",
                (tower, "bias_offset", start, end, value, event),
            )
        found = look(scene)
        mismatch = only(found, "mismatch", "bias_offset")
        assert (mismatch["tower_id"], mismatch["value"], mismatch["severity"]) == (OTHER, 300, "error")
        assert mismatch["started_at"] == START + 12 * STEP
        assert ("change", "bias_offset") not in kinds(found)


class TestOverDays:
    def test_it_goes_on_until_it_is_over(self, look: Look, database: Database) -> None:
        one = quiet(24, EVENING)
        two = quiet(12)
        one.temperature[14:, TOWER] = 33
        two.temperature[:7, TOWER] = 36
        found = only(look(one, two), "limit", "temperature")
        assert found["started_at"] == EVENING + 14 * STEP
        assert found["ended_at"] == START + 7 * STEP
        assert (found["samples"], found["severity"], found["value"]) == (17, "error", 36)
        # one anomaly for both days
        assert database.rows("select count(*) from hcal.anomaly where kind = 'limit'") == [(1,)]

    def test_it_is_over_with_the_first_good_sample_of_a_later_day(self, look: Look) -> None:
        one = shifted(quiet(36, DAY_BEFORE), TOWER, 10)
        assert only(look(one), "limit", "temperature")["ended_at"] is pd.NaT
        two = quiet(36)
        two.temperature[:3, TOWER] = np.nan
        found = only(look(two), "limit", "temperature")
        assert found["ended_at"] == START + 3 * STEP

    def test_it_stays_open_while_nobody_sees_the_place(self, look: Look) -> None:
        one = shifted(quiet(36, DAY_BEFORE), TOWER, 10)
        two = quiet(36)
        two.temperature[:, TOWER] = np.nan
        assert only(look(one, two), "limit", "temperature")["ended_at"] is pd.NaT


class TestAgain:
    def test_looking_twice_changes_nothing(
        self, look: Look, database: Database, thresholds: Thresholds
    ) -> None:
        look(troubled(DAY_BEFORE), troubled(START))
        before = record(database)
        assert len(before)
        for day in (START, DAY_BEFORE, START):
            detection.refresh(database, day.date(), thresholds)
        assert record(database) == before

    def test_days_in_any_order_give_the_same(
        self, database: Database, channel_map: ChannelMap, thresholds: Thresholds
    ) -> None:
        days = [START + timedelta(days=number) for number in range(3)]
        for day in days:
            troubled(day).store(database, channel_map)
        for day in days:
            detection.refresh(database, day.date(), thresholds)
        in_order = record(database, without_ids=True)
        with database.transaction() as cursor:
            cursor.execute("truncate hcal.anomaly, hcal.anomaly_part, hcal.tower_day")
        for number in (2, 0, 1):
            detection.refresh(database, days[number].date(), thresholds)
        assert record(database, without_ids=True) == in_order

    def test_late_data_close_what_was_open(
        self, database: Database, channel_map: ChannelMap, thresholds: Thresholds
    ) -> None:
        scene = shifted(quiet(12), TOWER, 10)
        scene.temperature[6:, TOWER] -= 10
        early, late = Scene(**vars(scene)), Scene(**vars(scene))
        early.lost, late.lost = set(range(6, 12)), set(range(6))
        early.store(database, channel_map)
        detection.refresh(database, DAY, thresholds)
        found = readers.anomalies_of_day(database, DAY)
        assert only(found, "limit", "temperature")["ended_at"] is pd.NaT
        late.store(database, channel_map)
        detection.refresh(database, DAY, thresholds)
        again = readers.anomalies_of_day(database, DAY)
        closed = only(again, "limit", "temperature")
        assert closed["ended_at"] == START + 6 * STEP
        assert closed["anomaly_id"] == only(found, "limit", "temperature")["anomaly_id"]

    def test_an_earlier_day_that_turns_out_well_is_told_to_the_days_after(
        self, look: Look, database: Database, thresholds: Thresholds
    ) -> None:
        one, two, three = (quiet(12, START + timedelta(days=number)) for number in range(3))
        one.temperature[:, TOWER] += 10
        two.temperature[:6, TOWER] += 10
        look(one, two, three)
        with database.transaction() as cursor:
            cursor.execute("update hcal.tower_reading set temperature = 23 where ts < %s", (two.times[0],))
        report = detection.refresh(database, DAY, thresholds)
        assert list(report.found)[:2] == ["2025-06-05", "2025-06-06"]
        found = only(readers.anomalies_of_day(database, "2025-06-06"), "limit", "temperature")
        assert (found["started_at"], found["ended_at"]) == (two.times[0], two.times[6])

    def test_a_moved_limit_counts_when_the_day_is_looked_at_again(
        self, look: Look, database: Database
    ) -> None:
        scene = quiet()
        scene.temperature[12:18, TOWER] = 31
        assert not look(scene).empty
        wider = Thresholds.load(
            environ={
                f"DSA_HCAL_THRESHOLD__ANOMALY__{name}__WARN_ABOVE": "100"
                for name in (
                    "LIMIT_TEMPERATURE",
                    "CHANGE_TEMPERATURE",
                    "NEIGHBOURS_TEMPERATURE",
                    "HALF_SECTOR_TEMPERATURE",
                )
            }
            | {
                f"DSA_HCAL_THRESHOLD__ANOMALY__{name}__ERROR_ABOVE": "100"
                for name in ("CHANGE_TEMPERATURE", "NEIGHBOURS_TEMPERATURE", "HALF_SECTOR_TEMPERATURE")
            }
        )
        detection.refresh(database, DAY, wider)
        assert readers.anomalies_of_day(database, DAY).empty


def test_a_day_without_any_snapshot_has_no_anomalies(database: Database, thresholds: Thresholds) -> None:
    assert detection.refresh(database, date(2025, 1, 1), thresholds).found == {"2025-01-01": 0}
    assert readers.anomalies_of_day(database, "2025-01-01").empty


def test_what_is_in_force_at_a_time_is_asked_for_by_an_interval(look: Look, database: Database) -> None:
    scene = quiet()
    scene.temperature[12:18, TOWER] = 31
    look(scene)
    inside = START + 14 * STEP + timedelta(minutes=3)
    assert len(readers.anomalies_between(database, inside, inside + STEP)) > 0
    assert readers.anomalies_between(database, START, START + 12 * STEP).empty
    assert readers.anomalies_between(database, START + 19 * STEP, datetime(2026, 1, 1, tzinfo=UTC)).empty


def shifted(scene: Scene, tower: int, degrees: float, *, start: int = 0) -> Scene:
    scene.temperature[start:, tower] += degrees
    return scene


def troubled(start: datetime) -> Scene:
    """Half a day with anomalies that go on over midnight, stop and come again."""
    scene = quiet(12, start)
    tower = START.day + start.day
    scene.temperature[8:, TOWER] += 10
    scene.temperature[:4, TOWER] += 10
    scene.temperature[5:7, tower] += 12
    scene.bias[9:, HALF_SECTOR] = 0
    scene.down = {(cycle, BOARD) for cycle in (0, 1, 2, 3)}
    return scene


def record(database: Database, *, without_ids: bool = False) -> list[tuple[object, ...]]:
    columns = "kind, quantity, place, started_at, last_seen_at, ended_at, severity, value, samples, day"
    ids = "" if without_ids else ", anomaly_id, found_at"
    return database.rows(
        f"select {columns}{ids} from hcal.anomaly order by kind, quantity, place, started_at"
    )
