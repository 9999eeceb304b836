"""What shifters ask: maps by place, half-sectors by name, anomalies in words; and the platform's pace."""

from datetime import datetime, timedelta

import pytest

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.web.api.hcal_shift import Lights, Shift, Strips
from dsa_hcal_assets_tests.web.pages import filled


@pytest.fixture
def at_work(client, database, settings):
    """A detector with troubles, its newest cycle at most ten minutes old."""
    filled.fill_detector(database, settings, utc_now())
    return client


class TestShift:
    def test_answers_keep_to_their_documented_models(self, at_work):
        for name, model in (("lights", Lights), ("shift", Shift), ("strips", Strips)):
            model.model_validate(at_work.get(f"/api/hcal/{name}").json())

    def test_a_map_has_each_tower_at_its_eta_and_phi(self, at_work):
        answer = at_work.get("/api/hcal/shift").json()
        towers = geometry.towers()
        place = int(towers.ieta[filled.HOT_TOWER] * geometry.PHI_BINS + towers.iphi[filled.HOT_TOWER])
        outer = next(
            one for one in answer["maps"] if (one["detector"], one["quantity"]) == ("OHCal", "temperature")
        )
        assert outer["values"][place] == pytest.approx(37, abs=0.5)
        assert outer["errors"] == [place]
        assert sum(value is None for value in outer["values"]) == 192
        assert outer["low"] < 22.3 < outer["high"] < 37
        assert answer["cell_towers"]["OHCal"][place] == filled.HOT_TOWER
        assert answer["cell_half_sectors"]["OHCal"][place] == towers.half_sector[filled.HOT_TOWER]

    def test_half_sectors_have_their_names_states_and_light(self, at_work):
        found = {one["label"]: one for one in at_work.get("/api/hcal/shift").json()["half_sectors"]}
        assert len(found) == 128
        assert (found["O-08N"]["bias"], found["O-08N"]["level"]) == (0, "error")
        assert (found["O-20S"]["gain"], found["O-20S"]["levels"]["gain"]) == ("high", "warning")
        assert (found["I-00S"]["led"], found["I-00S"]["led_intensity"]) == ("On", 2100)
        assert (found["I-31S"]["led"], found["I-31S"]["levels"]["LED"]) == (None, "unread")
        assert found["I-00S"]["level"] == "ok"

    def test_anomalies_come_in_words_errors_first(self, at_work):
        answer = at_work.get("/api/hcal/shift").json()
        assert answer["anomalies_total"] == len(answer["anomalies"])
        assert [one["severity"] for one in answer["anomalies"]] == ["error"] * 5 + ["warning"]
        hot = next(one for one in answer["anomalies"] if one["words"] == "temperature outside its limits")
        assert (hot["value"], hot["limit_value"], hot["unit"]) == (37, 35, "deg C")

    def test_the_lights_alone_say_the_same_and_how_old_they_are(self, at_work):
        lights, shift = (at_work.get(f"/api/hcal/{name}").json() for name in ("lights", "shift"))
        assert lights["lights"] == shift["lights"]
        assert 0 <= lights["age_seconds"] < 700
        assert lights["stale_after_seconds"] == 1500
        assert lights["judged_at"] is not None

    def test_an_earlier_time_may_be_asked_for_and_one_without_data_is_404(self, at_work):
        newest = datetime.fromisoformat(at_work.get("/api/hcal/lights").json()["cycle"])
        earlier = newest - timedelta(hours=3, minutes=1)
        asked = at_work.get("/api/hcal/shift", params={"at": earlier.isoformat()}).json()
        assert datetime.fromisoformat(asked["cycle"]) == newest - timedelta(hours=3)
        for name in ("lights", "shift"):
            assert at_work.get(f"/api/hcal/{name}?at=2001-01-01T00:00:00Z").status_code == 404
            assert at_work.get(f"/api/hcal/{name}?at=2001-01-01T00:00:00").status_code == 422


class TestStrips:
    def test_hours_are_means_of_half_sectors_and_gaps_stay_gaps(self, at_work):
        answer = at_work.get("/api/hcal/strips?hours=24").json()
        assert (len(answer["hours"]), len(answer["values"]), len(answer["values"][0])) == (24, 128, 24)
        assert answer["labels"][127] == "I-31S"
        assert answer["values"][127][0] is None
        assert answer["values"][127][-2] == pytest.approx(24.4, abs=0.5)
        assert answer["scales"]["OHCal"]["high"] < answer["scales"]["IHCal"]["low"]

    def test_without_any_snapshot_there_are_none(self, client):
        assert client.get("/api/hcal/strips").status_code == 404
        assert client.get("/api/hcal/strips?hours=0").status_code == 422


class TestPace:
    def test_arrivals_are_counted_by_source_and_the_margin_waits_for_reports(self, client, site):
        site.land(12)
        answer = client.get("/api/pace").json()
        (radio,) = answer["sources"]
        assert radio["source"] == "uvh5"
        assert (sum(radio["files"]), len(radio["files"])) == (16, 36)
        assert answer["real_time"] is None
        newest = datetime.fromisoformat(radio["newest"]) - datetime.fromisoformat(answer["start"])
        assert radio["files"][int(newest.total_seconds() // answer["step_seconds"])] > 0

    def test_nothing_arrived_is_no_outage(self, client):
        assert client.get("/api/pace").json()["sources"] == []
