"""The index tells of every current Measurement Set what was made of it, and why it goes no further."""

from datetime import UTC, datetime

import pytest

from dsa_hcal_assets.quality import Level
from dsa_hcal_assets.radio.calibration.choice import Need, remember
from dsa_hcal_assets.radio.catalogues.schedule import store_group_calibrators
from dsa_hcal_assets_tests.web.api.calibrators import match

STAGES = [
    (["measurement_set"], "converted", "pending"),
    (["measurement_set", "flags"], "flagged", "pending"),
    (["measurement_set", "flags", "calibration_tables", "calibrated_ms"], "calibrated", "pending"),
    (["measurement_set", "flags", "calibrated_ms", "continuum_image"], "imaged", "done"),
]


@pytest.fixture
def index(client):
    return lambda query="": client.get(f"/api/ms_index{query}").json()["items"]


@pytest.mark.parametrize(("kinds", "stage", "status"), STAGES)
def test_a_set_stands_where_its_last_product_does(site, index, kinds, stage, status):
    key = site.land(12)
    last = [site.make(key, kind) for kind in kinds][-1]
    (found,) = index()
    assert (found["stage"], found["status"], found["group_id"]) == (stage, status, key)
    assert datetime.fromisoformat(found["stage_updated_at"]) == last.created_at
    assert found["cal_applied"] == (stage in ("calibrated", "imaged"))
    assert found["path"] == f"measurement_set/2025-06-05/{key}/v0001/visibilities.ms"


def test_what_was_made_of_an_older_version_does_not_count(site, index):
    key = site.land(12)
    for kind in STAGES[-1][0]:
        site.make(key, kind)
    site.make(key, "flags")
    assert [(one["stage"], one["status"], one["image_id"]) for one in index()] == [
        ("flagged", "pending", None)
    ]
    site.make(key, "measurement_set")
    assert [(one["stage"], one["version"]) for one in index()] == [("converted", 2)]


def test_a_closed_gate_and_a_missing_calibration_are_told(site, index, database):
    stopped, lacking = site.land(12), site.land(13)
    for key in (stopped, lacking):
        site.make(key, "measurement_set")
    site.make(lacking, "flags")
    site.make(stopped, "flags", Level.FAIL)
    remember(database, lacking, Need("dsa110", datetime(2025, 6, 5, 13, tzinfo=UTC)), None, "no set at all")
    assert {one["group_id"]: one["status"] for one in index()} == {
        stopped: "failed",
        lacking: "no_calibration",
    }
    assert [one["group_id"] for one in index("?status=failed")] == [stopped]
    assert index("?status=failed&stage=converted") == []


def test_times_and_calibrator_come_from_the_headers(site, index, database):
    key = site.land(12)
    store_group_calibrators(database, key, [match("3C286", 0.9)])
    site.make(key, "measurement_set")
    (found,) = index()
    assert found["start_mjd"] == pytest.approx(60831.5)
    assert found["start_mjd"] < found["mid_mjd"] < found["end_mjd"] < found["start_mjd"] + 1 / 24
    assert (found["calibrator"], found["profile"]) == ("3C286", "dsa110")


def test_a_set_from_an_archive_has_no_headers(site, index):
    site.make("1995-04-13T09:18:31", "measurement_set")
    (found,) = index()
    assert (found["profile"], found["start_mjd"], found["mid_mjd"]) == (None, None, None)


def test_the_newest_come_first_page_by_page_and_by_time(site, index, client):
    keys = [site.land(hour) for hour in (12, 13, 14)]
    for key in keys:
        site.make(key, "measurement_set")
    first = client.get("/api/ms_index?limit=2").json()
    assert [one["group_id"] for one in first["items"]] == [keys[2], keys[1]]
    assert [one["group_id"] for one in index(f"?limit=2&cursor={first['next']}")] == [keys[0]]
    between = index("?since=2025-06-05T12:30:00Z&until=2025-06-05T14:00:00Z")
    assert [one["group_id"] for one in between] == [keys[1]]


@pytest.mark.parametrize("path", ["/api/ms_index", "/api/images", "/api/images/1", "/api/products"])
def test_an_outage_is_no_empty_list(away, path):
    assert away.get(path).status_code == 503
