"""Payloads of a day: from tables to files to the row that makes them known, the same numbers all along."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg2.errors
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.conditions import content, files, payloads, tags
from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter
from dsa_hcal_assets.hcal.conditions.metrics import payload_metrics
from dsa_hcal_assets.hcal.conditions.payloads import NoPayload, PayloadDamaged, payload_at
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.products import Product, ProductStore, Provenance
from dsa_hcal_assets_tests.hcal.conditions.conditions_data import add_bad_channel, add_corrections
from dsa_hcal_assets_tests.hcal.detector import DAY, cycle

HOUR = timedelta(hours=1)
OUTER, INNER = Calorimeter.OHCAL, Calorimeter.IHCAL


def publish(database: Database, root: Path, day: str = DAY) -> Product:
    """Make and publish the payloads of a day as the asset does."""
    with ProductStore(root, database).publishing(payloads.KIND, day, Provenance({}, ())) as staged:
        payloads.make_files(database, day, staged.path, max_age=HOUR)
    return staged.product


def test_files_say_what_the_tables_say(loaded: Database, tmp_path: Path) -> None:
    number = add_corrections(loaded, DAY, {tower: 1 + tower / 10_000 for tower in range(3000)})
    add_bad_channel(loaded, 7, "dead", 2, cycle(6))
    made = payloads.make_files(loaded, DAY, tmp_path, max_age=HOUR)
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
        one for one in payloads.make_files(loaded, DAY, tmp_path, max_age=HOUR) if one.facts.detector == OUTER
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


def test_payloads_of_a_day_pass_their_checks(loaded: Database, tmp_path: Path) -> None:
    made = payloads.make_files(loaded, DAY, tmp_path, max_age=HOUR)
    metrics = {metric.name: metric.value for metric in payload_metrics(made, tmp_path)}
    assert metrics["payloads"] == 2
    assert (metrics["towers_missing"], metrics["not_one_to_one"], metrics["files_differing"]) == (0, 0, 0)
    assert metrics["coverage"] == 1
    assert metrics["not_corrected"] == 1
    assert 15 < metrics["temperature_lowest"] < metrics["temperature_highest"] < 34


def test_a_damaged_file_and_doubled_towers_are_seen(loaded: Database, tmp_path: Path) -> None:
    [outer, inner] = payloads.make_files(loaded, DAY, tmp_path, max_age=HOUR)
    files.write_parquet(tmp_path / outer.entry.parquet_file, outer.towers.assign(bias=1.0), outer.facts)
    inner.towers.loc[1, ["tower_id", "ieta"]] = inner.towers.loc[0, ["tower_id", "ieta"]]
    metrics = {metric.name: metric for metric in payload_metrics([outer, inner], tmp_path)}
    assert metrics["files_differing"].value == 1536
    assert metrics["files_differing"].detail == outer.facts.stem
    assert metrics["towers_missing"].value == 1
    assert metrics["not_one_to_one"].value >= 1


def test_a_day_that_says_the_same_again_is_registered_once(loaded: Database, tmp_path: Path) -> None:
    first = payloads.register(loaded, publish(loaded, tmp_path))
    assert len(first) == 2
    assert payloads.register(loaded, publish(loaded, tmp_path)) == []
    add_corrections(loaded, DAY, {0: 1.1})
    assert len(payloads.register(loaded, publish(loaded, tmp_path))) == 2


def test_a_payload_is_found_by_tag_and_time_and_copied_whole(loaded: Database, tmp_path: Path) -> None:
    product = publish(loaded, tmp_path / "products")
    payloads.register(loaded, product)
    tags.create(loaded, "v1")
    assert tags.add(loaded, "v1", *bounds(DAY)) == 2
    found = payload_at(loaded, "v1", INNER, cycle(5))
    assert found.valid_from == cycle(0).replace(tzinfo=None)
    [root, parquet] = found.export(tmp_path / "products", tmp_path / "mine")
    towers, facts = files.read_root(root)
    assert facts.detector == INNER
    pd.testing.assert_frame_equal(files.read_parquet(parquet)[0], towers)
    with pytest.raises(NoPayload, match="tag v1 has no payload of IHCal"):
        payload_at(loaded, "v1", INNER, cycle(7) + HOUR)
    with pytest.raises(NoPayload, match="tag v2 has no payload"):
        payload_at(loaded, "v2", INNER, cycle(5))


def test_a_file_that_changed_is_not_handed_out(loaded: Database, tmp_path: Path) -> None:
    product = publish(loaded, tmp_path)
    payloads.register(loaded, product)
    tags.create(loaded, "v1")
    tags.add(loaded, "v1", *bounds(DAY))
    found = payload_at(loaded, "v1", OUTER, cycle(5))
    (product.path / found.parquet_file).chmod(0o644)
    (product.path / found.parquet_file).write_bytes(b"changed")
    with pytest.raises(PayloadDamaged, match="is not what was registered"):
        found.export(tmp_path, tmp_path / "mine")
    assert list((tmp_path / "mine").iterdir()) == []


def test_what_was_registered_never_changes(loaded: Database, tmp_path: Path) -> None:
    payloads.register(loaded, publish(loaded, tmp_path))
    for statement in (
        "update hcal.payload set towers = 1",
        "delete from hcal.payload",
        "truncate hcal.payload cascade",
    ):
        with (
            pytest.raises(psycopg2.errors.RestrictViolation, match="payloads never change"),
            loaded.transaction() as cursor,
        ):
            cursor.execute(statement)


def test_a_day_without_readings_has_no_payload_and_fails_its_check(
    database: Database, tmp_path: Path
) -> None:
    assert payloads.make_files(database, DAY, tmp_path, max_age=HOUR) == []
    assert json.loads((tmp_path / payloads.INDEX).read_text()) == []
    metrics = {metric.name: metric.value for metric in payload_metrics([], tmp_path)}
    assert metrics["payloads"] == 0
    assert np.isnan(metrics["coverage"])
