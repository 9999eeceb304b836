"""Groups are listed newest first, by state and time, and told in full with stages, gates and timings."""

from datetime import UTC, datetime, timedelta

import pytest

from dsa_hcal_assets.products import Provenance
from dsa_hcal_assets.quality import Level
from dsa_hcal_assets.radio.catalogues.schedule import store_group_calibrators
from dsa_hcal_assets.radio.conversion.performance import _COLUMNS
from dsa_hcal_assets.radio.quicklook import latency
from dsa_hcal_assets_tests.web.api.calibrators import match

START = datetime(2025, 6, 5, tzinfo=UTC)


@pytest.fixture
def keys(site):
    """A whole group, then one without its first and last subband."""
    return site.land(12), site.land(13, range(1, 15))


def ids(answer):
    return [one["group_id"] for one in answer.json()["items"]]


def test_the_latest_come_first_and_one_state_can_be_asked_for(client, keys):
    assert ids(client.get("/api/groups")) == [keys[1], keys[0]]
    assert ids(client.get("/api/groups?state=pending")) == [keys[0]]
    assert ids(client.get("/api/groups?state=in_progress")) == []
    assert client.get("/api/groups?state=lost").status_code == 422


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("since=2025-06-05T12:30:00Z", [13]),
        ("until=2025-06-05T12:30:00%2B00:00", [12]),
        ("since=2025-06-05T12:00:00Z&until=2025-06-05T13:00:00Z", [12]),
        ("profile=dsa110", [13, 12]),
        ("profile=vla", []),
    ],
)
def test_they_can_be_asked_for_by_time_and_telescope(client, keys, query, found):
    hours = {keys[0]: 12, keys[1]: 13}
    assert [hours[key] for key in ids(client.get(f"/api/groups?{query}"))] == found


@pytest.mark.parametrize("time", ["2025-06-05T12:00:00", "1749124800", "yesterday", "0001-01-01T00:00:00Z"])
def test_a_time_needs_a_zone_and_a_form(client, time):
    assert client.get("/api/groups", params={"since": time}).status_code == 422


def test_pages_follow_each_other_while_others_arrive(client, site, keys):
    first = client.get("/api/groups?limit=1")
    site.land(14)
    second = client.get("/api/groups", params={"limit": 1, "cursor": first.json()["next"]})
    assert ids(first) + ids(second) == [keys[1], keys[0]]
    assert second.json()["next"] is None
    assert client.get("/api/groups?cursor=abc").status_code == 422


def test_one_group_is_told_with_files_products_and_gates(client, site, keys):
    site.make(keys[1], "uvh5_group")
    stopped = site.make(keys[1], "measurement_set", Level.FAIL)
    answer = client.get(f"/api/groups/{keys[1]}").json()
    assert [one["subband"] for one in answer["files"]] == list(range(1, 15))
    assert all(one["high_hz"] > one["low_hz"] for one in answer["files"])
    assert [(one["kind"], one["closed_by"]) for one in answer["products"]] == [
        ("uvh5_group", []),
        ("measurement_set", ["some_metric"]),
    ]
    assert answer["products"][1]["href"] == f"/api/products/{stopped.product_id}"
    assert (answer["conversion"], answer["quicklook"], answer["matches"]) == (None, None, [])


def test_its_artifacts_are_pages_pictures_and_images(client, keys, store):
    with store.publishing("continuum_image", keys[0], Provenance({}, ())) as staged:
        for name in ("image.fits", "image.png", "wsclean.log"):
            (staged.path / name).write_text(name)
    (product,) = client.get(f"/api/groups/{keys[0]}").json()["products"]
    assert [client.get(one["href"]).text for one in product["artifacts"]] == ["image.fits", "image.png"]


def test_the_last_time_of_each_stage_is_told_also_when_it_failed(client, keys, database):
    with database.transaction() as cursor:
        for stage, outcome, began, ended in [
            ("flags", "done", 20, 50),
            ("flags", "failed", 60, 65),
            ("measurement_set", "done", 0, 20),
        ]:
            cursor.execute(
                "insert into platform.stage_time (stage, partition, run_id, outcome, started_at, ended_at)"
                " values (%s, %s, 'run', %s, %s, %s)",
                (stage, keys[0], outcome, START + timedelta(seconds=began), START + timedelta(seconds=ended)),
            )
    told = client.get(f"/api/groups/{keys[0]}").json()["stages"]
    assert [(one["stage"], one["outcome"], one["seconds"]) for one in told] == [
        ("measurement_set", "done", 20.0),
        ("flags", "failed", 5.0),
    ]


def test_its_timings_name_the_writer_and_the_quick_look(client, site, keys, database):
    key = keys[0]
    made, looked = site.make(key, "measurement_set"), site.make(key, "quicklook_image")
    with database.transaction() as cursor:
        cursor.execute(
            f"insert into radio.conversion_performance ({_COLUMNS})"
            " values (%s, %s, 1, 'direct', 7, 1, 2, 1.5, 2.5, 3.5, 4.5, 99, %s)",
            (made.product_id, key, START),
        )
    moments = [START + timedelta(seconds=seconds) for seconds in (0, 1, 3, 9, 10, 20, 22)]
    latency.record(database, latency.in_order(looked.product_id, key, moments))
    store_group_calibrators(database, key, [match("3C286", 0.9)])
    answer = client.get(f"/api/groups/{key}").json()
    assert (answer["conversion"]["writer"], answer["conversion"]["total_seconds"]) == ("direct", 4.5)
    assert answer["quicklook"]["seconds_since_landing"]["judged"] == 22
    assert answer["has_calibrator"]


def test_what_is_not_there_is_404_and_what_is_no_key_422(client):
    assert client.get("/api/groups/2001-01-01T00:00:00").status_code == 404
    assert client.get("/api/groups/yesterday").status_code == 422
    assert client.get("/api/groups/..%2F..%2Fetc").status_code in (404, 422)


@pytest.mark.parametrize("path", ["/api/groups", "/api/groups/2001-01-01T00:00:00", "/api/status"])
def test_an_outage_is_no_empty_list(away, path):
    answer = away.get(path)
    assert (answer.status_code, answer.json()["database"]) == (503, "down")
