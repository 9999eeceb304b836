"""`/metrics` tells what is in a filled database, under the names of the catalogue and by the conventions."""

import subprocess
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dsa_hcal_assets.observability.catalogue import CATALOGUE
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web.app import create_app
from dsa_hcal_assets_tests.observability import filled
from dsa_hcal_assets_tests.programs import program_of
from dsa_hcal_assets_tests.web.callers import local


@pytest.fixture(scope="module")
def client(server, migrated_template, tmp_path_factory):
    with filled.filled_database(server, migrated_template, "test_metrics") as database:
        settings = Settings(state_dir=tmp_path_factory.mktemp("state"), database_url=database.url)
        with local(create_app(settings)) as client:
            yield client


@pytest.fixture(scope="module")
def newest(client):
    """Time of the newest of everything (Unix time): when the database was filled, to the minute."""
    return scrape(client)["dsa_hcal_rig_reading_newest_timestamp_seconds",]


def scrape(client):
    """Return all samples: {(name, *label values in the order of their labels' names): value}."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, *(sample.labels[one] for one in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_every_part_can_be_read_by_the_role_that_only_looks(client):
    found = scrape(client)
    assert {key[1] for key, up in found.items() if key[0] == "dsa_hcal_collector_up" and not up} == set()
    assert found["dsa_hcal_database_up",] == 1


def test_what_the_radio_side_says(client, newest):
    found = scrape(client)
    assert found["dsa_hcal_arrivals", "uvh5", "loaded"] == 40 * 16
    assert found["dsa_hcal_arrivals", "uvh5", "quarantined"] == 1
    assert found["dsa_hcal_products", "continuum_image"] == 40
    assert found["dsa_hcal_observation_groups", "completed"] == 40
    assert found["dsa_hcal_observation_groups", "failed"] == 0
    assert found["dsa_hcal_blocking_checks_failed", "continuum_image"] == 4
    assert found["dsa_hcal_group_processing_seconds",] == pytest.approx(filled.PROCESSING_SECONDS)
    assert found["dsa_hcal_group_sky_seconds",] == pytest.approx(24 * 12.885, abs=0.01)
    assert found["dsa_hcal_realtime_margin_seconds",] == pytest.approx(
        24 * 12.885 - filled.PROCESSING_SECONDS, abs=0.01
    )
    assert found["dsa_hcal_quicklook_latency_seconds", "judged"] == 22
    # groups begin half an hour before the newest of everything else, which is cut to the minute
    assert 0 <= found["dsa_hcal_calibration_newest_timestamp_seconds", "dsa110"] - newest + 1800 < 60
    assert (found["dsa_hcal_open_alerts", "error"], found["dsa_hcal_open_alerts", "warning"]) == (1, 1)


def test_what_the_detector_side_says(client, newest):
    found = scrape(client)
    boards = {key[1]: up for key, up in found.items() if key[::2] == ("dsa_hcal_board_up", "hcal")}
    assert (len(boards), boards["97"], boards["80"]) == (16, 0, 1)
    assert found["dsa_hcal_board_up", "mpod", "supplies"] == 1
    for source in ("hcal", "emcal", "supplies", "registers"):
        assert found["dsa_hcal_snapshot_newest_timestamp_seconds", source] == newest
    assert (found["dsa_hcal_supply_channels", "On"], found["dsa_hcal_supply_channels", "Tripped"]) == (63, 1)
    assert found["dsa_hcal_detector_anomalies", "limit", "error"] == 1
    assert 0 <= time.time() - newest < 600


def test_answers_are_timed_by_route_and_never_by_what_was_asked_for(client):
    for path in ("/products/1/report.html", "/products/2/secret", "/no/such/page"):
        client.get(path)
    client.request("BREW", "/no/such/page")
    found = scrape(client)
    counted = {
        key[1:]: value for key, value in found.items() if key[0].endswith("request_duration_seconds_count")
    }
    assert counted["GET", "/products/{product_id}/{path:path}", "404"] == 2
    assert counted["GET", "other", "404"] == 1
    assert counted["other", "other", "404"] == 1


def test_every_metric_is_in_the_catalogue(client):
    names = {name for name, *_ in scrape(client)}
    known = {one.name for one in CATALOGUE}
    suffixes = ("_bucket", "_count", "_sum", "_created")
    stray = {
        name
        for name in names - known
        if name.startswith("dsa_hcal_") and not any(name.removesuffix(one) in known for one in suffixes)
    }
    assert stray == set()


@pytest.mark.promtool
def test_the_text_follows_the_conventions(client):
    checked = subprocess.run(
        [program_of("promtool"), "check", "metrics"],
        input=client.get("/metrics").content,
        capture_output=True,
        timeout=60,
    )
    assert (checked.stdout + checked.stderr, checked.returncode) == (b"", 0)
