"""A rig file from landing to report, through sensor and assets, on a real database."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from dsa_hcal_assets.orchestration import rig
from dsa_hcal_assets.orchestration.rig.sensor import look, rig_sensor
from dsa_hcal_assets.rig.csv_text import raw_text
from dsa_hcal_assets.rig.readings import Reading

DAY = "2026-01-02"
START = datetime(2026, 1, 2, tzinfo=UTC)


def land(installation, rows, name="rig.csv", start=START):
    place = installation.settings.incoming / "rig"
    place.mkdir(parents=True, exist_ok=True)
    readings = [
        Reading(start + timedelta(minutes=6 * n), 60.0 + n % 7, 1000.0 + n % 5, 0.1 * n) for n in range(rows)
    ]
    (place / name).write_bytes(raw_text(readings))


@pytest.fixture
def installation(installation):
    rig_settings = installation.settings.rig.model_copy(update={"settle_seconds": 0.0})
    return type(installation)(installation.settings.model_copy(update={"rig": rig_settings}))


def run_day(installation, instance, day=DAY):
    return dg.materialize(
        list(rig.ASSETS), partition_key=day, resources={"installation": installation}, instance=instance
    )


def test_a_landed_file_becomes_key_figures_and_a_report(installation, instance):
    land(installation, 121)
    assert [work.partition for work in look(installation)] == [DAY]
    assert run_day(installation, instance).success
    assert installation.database.rows("select total_records, data_quality_score from rig.kpi") == [
        (121, 100.0)
    ]
    report = installation.products.require_passed("rig_kpis", DAY).path / "report.html"
    assert "Key figures" in report.read_text()
    assert look(installation) == []


def test_running_a_day_again_gives_the_same_content_as_a_new_version(installation, instance):
    land(installation, 30)
    look(installation)
    for _ in range(2):
        run_day(installation, instance)
    one, two = installation.products.versions("rig_clean", DAY)[:2]
    assert {one.version, two.version} == {1, 2}
    assert one.checksum == two.checksum
    assert installation.database.rows("select count(*) from rig.reading") == [(30,)]


def test_the_processed_file_of_the_setting_holds_the_newest_day(installation, instance, tmp_path):
    path = tmp_path / "elsewhere" / "processed.csv"
    chosen = installation.settings.rig.model_copy(update={"processed_file": path})
    installation = type(installation)(installation.settings.model_copy(update={"rig": chosen}))
    for start in (START, START - timedelta(days=1)):
        land(installation, 20, f"{start:%d}.csv", start)
        look(installation)
        run_day(installation, instance, f"{start:%Y-%m-%d}")
    product = installation.products.require_passed("rig_clean", DAY)
    assert path.read_bytes() == (product.path / "processed.csv").read_bytes()


def test_a_second_file_of_the_day_makes_it_due_again(installation, instance):
    land(installation, 30)
    look(installation)
    run_day(installation, instance)
    land(installation, 30, "later.csv", START + timedelta(hours=12))
    assert [work.partition for work in look(installation)] == [DAY]
    run_day(installation, instance)
    assert installation.database.rows("select total_records from rig.kpi") == [(60,)]


def test_the_sensor_asks_once_for_each_new_thing(installation, instance):
    land(installation, 30)
    context = dg.build_sensor_context(instance=instance, resources={"installation": installation})
    first = rig_sensor(context)
    assert [request.partition_key for request in first.run_requests] == [DAY]
    land(installation, 10, "later.csv", START + timedelta(hours=12))
    again = dg.build_sensor_context(
        instance=instance, cursor=first.cursor, resources={"installation": installation}
    )
    second = rig_sensor(again)
    assert [request.partition_key for request in second.run_requests] == [DAY]
    assert first.run_requests[0].run_key != second.run_requests[0].run_key
