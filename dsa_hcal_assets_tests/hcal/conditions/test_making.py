"""Payload files of a day: from tables to files, the same numbers."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.conditions import content, files, making
from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter
from dsa_hcal_assets.hcal.conditions.metrics import payload_metrics
from dsa_hcal_assets_tests.hcal.conditions.conditions_data import add_bad_channel, add_corrections
from dsa_hcal_assets_tests.hcal.detector import DAY, cycle

HOUR = timedelta(hours=1)
OUTER = Calorimeter.OHCAL


def test_files_say_what_the_tables_say(loaded: Database, tmp_path: Path) -> None:
    number = add_corrections(loaded, DAY, {tower: 1 + tower / 10_000 for tower in range(3000)})
    add_bad_channel(loaded, 7, "dead", 2, cycle(6))
    made = making.make_files(loaded, DAY, tmp_path, max_age=HOUR)
    assert [one.entry.root_file for one in made] == [
        "OHCal_20250605T000000Z.root",
        "IHCal_20250605T000000Z.root",
    ]
    for one in made:
        read, facts = files.read_root(tmp_path / one.entry.root_file)
        again, same_facts = files.read_parquet(tmp_path / one.entry.parquet_file)
        pd.testing.assert_frame_equal(read, again)
        assert facts == same_facts
        assert (facts.valid_from, facts.valid_until) == (cycle(0), cycle(7) + HOUR)
        assert facts.correction_set == number
        truth = loaded.rows(
            "select t.packed_key, t.tower_id, t.towerid, count(r.temperature), avg(r.temperature)::real,"
            " avg(r.bias)::real, coalesce(c.gain, 1)"
            " from hcal.tower t left join hcal.tower_reading r using (tower_id)"
            " left join hcal.gain_correction c using (tower_id) where t.detector = %s"
            " group by t.tower_id, c.gain order by t.tower_id",
            (facts.detector,),
        )
        columns = ["tower_key", "tower_id", "towerid", "readings", "temperature", "bias", "gain"]
        expected = pd.DataFrame(truth, columns=columns).astype(
            {name: files.COLUMNS[name] for name in columns}
        )
        pd.testing.assert_frame_equal(read[columns], expected)
    outer = made[0].towers.set_index("tower_id")
    assert outer.loc[7, ["bad_severity", "status"]].tolist() == [2, 16]
    assert set(outer["gain_mode"]) == {0}
    assert made[1].towers.set_index("tower_id").loc[3071, ["gain", "status"]].tolist() == [1, 4]


def test_a_correction_that_changes_cuts_the_day(loaded: Database, tmp_path: Path) -> None:
    add_corrections(loaded, DAY, {0: 1.1}, since=cycle(2), until=cycle(5))
    outer = [
        one for one in making.make_files(loaded, DAY, tmp_path, max_age=HOUR) if one.facts.detector == OUTER
    ]
    assert [one.facts.valid_from for one in outer] == [cycle(0), cycle(2), cycle(5)]
    assert [one.towers["gain"][0] for one in outer] == [1.0, np.float32(1.1), 1.0]
    assert [one.towers["readings"][0] for one in outer] == [2, 3, 2]


def test_an_interval_between_two_readings_takes_the_nearest(loaded: Database) -> None:
    between = content.Interval(cycle(4) + timedelta(minutes=1), cycle(4) + timedelta(minutes=2))
    rows = content.content(loaded, OUTER, between, [cycle(4), cycle(6)], None)
    [(truth,)] = loaded.rows(
        "select temperature from hcal.tower_reading where ts = %s and tower_id = 0", (cycle(4),)
    )
    assert rows["temperature"][0] == np.float32(truth)


def test_a_day_without_readings_has_no_payload_and_fails_its_check(
    database: Database, tmp_path: Path
) -> None:
    assert making.make_files(database, DAY, tmp_path, max_age=HOUR) == []
    assert json.loads((tmp_path / making.INDEX).read_text()) == []
    metrics = {metric.name: metric.value for metric in payload_metrics([], tmp_path)}
    assert metrics["payloads"] == 0
    assert np.isnan(metrics["coverage"])
