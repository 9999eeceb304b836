"""Images are listed with the numbers they were judged by, and told with what their fields show."""

import json
import math

import pytest

from dsa_hcal_assets.products import Provenance
from dsa_hcal_assets.quality import Level, Verdict
from dsa_hcal_assets.quality.store import record

KEY, LATER = "2025-06-05T20:37:07", "2025-06-05T20:42:16"
MEASURED = {
    "rms": 0.002, "expected_noise": 0.001, "peak": 1.5, "peak_ra_deg": 202.78, "peak_dec_deg": 30.51,
    "beam_major_arcsec": 50.0, "beam_minor_arcsec": 40.0, "beam_angle_deg": math.nan,
}  # fmt: skip
NUMBERS = {"rms": 0.002, "noise_ratio": 2.0, "dynamic_range": 750.0, "flux_ratio": math.nan, "grade": 3.0}


@pytest.fixture
def make(store, database):
    def make(kind, content, key=KEY, levels=None):
        with store.publishing(kind, key, Provenance({}, ())) as staged:
            for name, text in content.items():
                (staged.path / name).parent.mkdir(exist_ok=True)
                (staged.path / name).write_text(text)
        verdicts = [
            Verdict(kind, name, value, (levels or {}).get(name, Level.PASS), True, "Jy/beam")
            for name, value in NUMBERS.items()
        ]
        record(database, verdicts, product=staged.product, partition=key, run_id="r")
        return staged.product

    return make


@pytest.fixture
def image(make):
    fields = {"3C286": MEASURED, "J1": MEASURED | {"peak": 0.1}}
    content = {"measurements.json": json.dumps({"fields": fields}), "3C286/image.png": "picture"}
    return make("continuum_image", content)


def test_an_image_has_the_numbers_it_was_judged_by(client, image):
    (found,) = client.get("/api/images").json()["items"]
    assert (found["noise_jy"], found["dynamic_range"], found["noise_ratio"]) == (0.002, 750.0, 2.0)
    assert (found["flux_ratio"], found["matched_sources"]) == (None, None), "not measured"
    assert (found["grade"], found["level"], found["gate_closed"]) == ("B", "pass", False)
    assert client.get(found["thumbnail"]).text == "picture"
    assert client.get(found["href"]).json()["partition"] == KEY


def test_only_the_current_version_and_the_latest_verdict_count(client, make, image, database):
    newer = make("continuum_image", {"a": ""}, levels={"rms": Level.FAIL})
    (found,) = client.get("/api/images").json()["items"]
    assert (found["product_id"], found["level"], found["gate_closed"]) == (newer.product_id, "fail", True)
    again = Verdict("continuum_image", "rms", 0.004, Level.WARN, True)
    record(database, [again], product=newer, partition=KEY, run_id="again")
    (found,) = client.get("/api/images?level=warn").json()["items"]
    assert (found["noise_jy"], found["gate_closed"]) == (0.004, False)


def test_kind_and_time_can_be_asked_for(client, make, image):
    quick = make("quicklook_image", {"quicklook.json": json.dumps({"measured": MEASURED})}, LATER)

    def ask(query):
        return [one["product_id"] for one in client.get(f"/api/images?{query}").json()["items"]]

    assert ask("") == [quick.product_id, image.product_id]
    assert ask("kind=continuum_image") == [image.product_id]
    assert ask("since=2025-06-05T20:40:00Z") == [quick.product_id]
    assert ask("until=2025-06-05T20:40:00Z") == [image.product_id]
    first = client.get("/api/images?limit=1").json()
    assert ask(f"limit=1&cursor={first['next']}") == [image.product_id]


def test_the_fields_of_an_image_are_told_by_name(client, make, image):
    fields = client.get(f"/api/images/{image.product_id}").json()["fields"]
    assert [(one["name"], one["peak_jy"]) for one in fields] == [("3C286", 1.5), ("J1", 0.1)]
    assert (fields[0]["beam_major_arcsec"], fields[0]["beam_angle_deg"]) == (50.0, None)
    quick = make("quicklook_image", {"quicklook.json": json.dumps({"measured": MEASURED})})
    (whole,) = client.get(f"/api/images/{quick.product_id}").json()["fields"]
    assert whole["noise_jy"] == 0.002


def test_what_is_no_image_or_has_lost_its_measurements_is_404(client, make):
    bare = make("continuum_image", {"a": ""})
    other = make("rig_kpis", {"a": ""})
    assert "measurements" in client.get(f"/api/images/{bare.product_id}").json()["detail"]
    for number in (bare.product_id, other.product_id, 2**62):
        assert client.get(f"/api/images/{number}").status_code == 404
    assert client.get(f"/api/images/{2**63}").status_code == 422
