"""What would keep the payloads of a day from being handed out."""

from datetime import timedelta
from pathlib import Path

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.conditions import files, making
from dsa_hcal_assets.hcal.conditions.metrics import payload_metrics
from dsa_hcal_assets_tests.hcal.detector import DAY

HOUR = timedelta(hours=1)


def test_payloads_of_a_day_pass_their_checks(loaded: Database, tmp_path: Path) -> None:
    made = making.make_files(loaded, DAY, tmp_path, max_age=HOUR)
    metrics = {metric.name: metric.value for metric in payload_metrics(made, tmp_path)}
    assert metrics["payloads"] == 2
    assert (metrics["towers_missing"], metrics["not_one_to_one"], metrics["files_differing"]) == (0, 0, 0)
    assert metrics["coverage"] == 1
    assert metrics["not_corrected"] == 1
    assert 15 < metrics["temperature_lowest"] < metrics["temperature_highest"] < 34


def test_a_damaged_file_and_doubled_towers_are_seen(loaded: Database, tmp_path: Path) -> None:
    [outer, inner] = making.make_files(loaded, DAY, tmp_path, max_age=HOUR)
    files.write_parquet(tmp_path / outer.entry.parquet_file, outer.towers.assign(bias=1.0), outer.facts)
    inner.towers.loc[1, ["tower_id", "ieta"]] = inner.towers.loc[0, ["tower_id", "ieta"]]
    metrics = {metric.name: metric for metric in payload_metrics([outer, inner], tmp_path)}
    assert metrics["files_differing"].value == 1536
    assert metrics["files_differing"].detail == outer.facts.stem
    assert metrics["towers_missing"].value == 1
    assert metrics["not_one_to_one"].value >= 1
