"""The rig's figures and trends, under the names and rules its users know."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web.app import create_app
from dsa_hcal_assets_tests.rig.stored_days import SPIKE, START, store_day, store_days
from dsa_hcal_assets_tests.web.callers import local

ALL = {"start": START.isoformat(), "end": (START + timedelta(days=3)).isoformat()}


@pytest.fixture
def client(database, tmp_path):
    with local(create_app(Settings(state_dir=tmp_path, database_url=database.url))) as client:
        yield client


@pytest.fixture
def readings(database):
    return store_days(database)


class TestKpis:
    def test_a_day_has_its_figures(self, client, readings):
        answer = client.get("/api/kpis?date=2025-06-06").json()
        day = readings[240:480]
        assert answer["avg_temp"] == pytest.approx(day["temperature"].mean())
        assert answer["uptime_hours"] == day["uptime"].max()
        assert (answer["total_records"], answer["data_quality_score"]) == (240, 100)

    def test_without_a_date_the_newest_day_is_meant(self, client, readings):
        assert client.get("/api/kpis").json()["date"] == "2025-06-07"


class TestTrends:
    def test_a_day_has_every_reading(self, client, readings):
        answer = client.get("/api/trends?date=2025-06-07").json()
        day = readings[480:]
        assert (answer["record_count"], answer["step_seconds"]) == (240, None)
        assert answer["timestamps"][:2] == ["2025-06-07T00:00:00Z", "2025-06-07T00:06:00Z"]
        np.testing.assert_allclose(answer["temperatures"], day["temperature"], atol=1e-5)
        np.testing.assert_allclose(answer["uptime_hours"], day["uptime"], atol=1e-5)
        assert answer["temperature_alerts"][SPIKE - 480] == 1
        assert sum(answer["pressure_warnings"]) == (day["pressure_alert"] == "yellow").sum()

    def test_a_spike_survives_any_zoom(self, client, readings):
        for points in (10, 100):
            answer = client.get("/api/trends", params=ALL | {"points": points}).json()
            assert len(answer["timestamps"]) <= points
            assert answer["record_count"] == 720
            assert max(answer["temperatures_max"]) == 120
            assert max(answer["pressures_max"]) == 1190

    def test_a_day_that_is_cleaned_again_is_told_anew(self, client, database, readings):
        assert client.get("/api/trends", params=ALL).json()["record_count"] == 720
        store_day(database, START, readings[:100])
        assert client.get("/api/trends", params=ALL).json()["record_count"] == 580

    @pytest.mark.parametrize(
        "asked",
        [
            {"date": "2025-06-05", **ALL},
            {"start": ALL["start"]},
            {"start": ALL["end"], "end": ALL["start"]},
            ALL | {"points": 5001},
            {"start": "2025-06-05T00:00:00", "end": "2025-06-06T00:00:00"},
        ],
    )
    def test_spans_that_are_none_are_refused(self, client, asked):
        assert client.get("/api/trends", params=asked).status_code == 422


class TestSummary:
    def test_all_days_are_taken_together(self, client, readings):
        answer = client.get("/api/summary").json()
        assert (answer["days"], answer["first_day"], answer["last_day"]) == (3, "2025-06-05", "2025-06-07")
        assert answer["avg_pressure"] == pytest.approx(readings["pressure"].mean())
        assert answer["newest"] == client.get("/api/kpis").json()

    def test_days_come_newest_first_in_pages(self, client, readings):
        first = client.get("/api/rig/days?limit=2").json()
        assert first["items"] == ["2025-06-07", "2025-06-06"]
        assert client.get(f"/api/rig/days?cursor={first['next']}").json()["items"] == ["2025-06-05"]


@pytest.mark.parametrize("path", ["/api/kpis", "/api/trends"])
class TestDates:
    @pytest.mark.parametrize(
        "text",
        ["2025-6-5", "20250605", "2025-02-30", "today", "", "0001-01-01", "2025-06-05\n", "\u0662025-06-05"],
    )
    def test_what_is_no_day_is_a_bad_request(self, client, path, text):
        answer = client.get(path, params={"date": text})
        assert answer.status_code == 400
        assert "YYYY-MM-DD" in answer.json()["detail"]

    def test_a_day_without_data_is_not_found(self, client, readings, path):
        assert client.get(path, params={"date": "2025-06-08"}).status_code == 404

    def test_neither_is_anything_before_the_first_day(self, client, path):
        assert client.get(path).status_code == 404


def test_health_counts_from_the_account_of_days_and_not_the_readings(client, database, readings):
    assert client.get("/api/health").json()["record_count"] == 720
    database.rows("delete from rig.reading returning 1")
    answer = client.get("/api/health").json()
    assert answer["record_count"] == 720
    assert datetime.fromisoformat(answer["timestamp"]).tzinfo == UTC
