"""The detector over HTTP says what its readers say."""

from contextlib import closing
from datetime import timedelta

import numpy as np
import psycopg2
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal import coverage, readers
from dsa_hcal_assets.hcal.access import series
from dsa_hcal_assets.hcal.anomalies.readers import anomalies_of_day
from dsa_hcal_assets.hcal.emcal import readers as emcal
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web.app import create_app
from dsa_hcal_assets_tests.hcal.detector import DAY, START, cycle
from dsa_hcal_assets_tests.hcal.supplies import scene
from dsa_hcal_assets_tests.web.api.detector_record import load_detector
from dsa_hcal_assets_tests.web.callers import local

SPAN = {"start": START.isoformat(), "end": (START + timedelta(days=1)).isoformat()}


@pytest.fixture(scope="module")
def record(server, migrated_template, tmp_path_factory):
    with closing(psycopg2.connect(server.url("postgres"), connect_timeout=5)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"create database detector_record template {migrated_template}")
    database = Database(server.url("detector_record"))
    load_detector(database, tmp_path_factory.mktemp("record"))
    yield database
    database.close()


@pytest.fixture(scope="module")
def client(record, tmp_path_factory):
    settings = Settings(state_dir=tmp_path_factory.mktemp("state"), database_url=record.url)
    with local(create_app(settings)) as client:
        yield client


def get(client, path, **asked):
    answer = client.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def numbers(values):
    return np.array([np.nan if value is None else value for value in values])


class TestState:
    def test_every_tower_at_a_time(self, client, record):
        at = cycle(3) + timedelta(minutes=2)
        answer = get(client, "/api/hcal/state", at=at.isoformat())
        state = readers.state_at(record, cycle(3))
        assert answer["cycle"] == cycle(3).isoformat()
        assert answer["ieta"] == state["ieta"].tolist()
        for name in ("temperature", "leakage", "bias_offset", "bias"):
            np.testing.assert_allclose(numbers(answer[name]), state[name], atol=1e-5)

    def test_what_was_not_read_is_null(self, client):
        answer = get(client, "/api/hcal/state", at=cycle(0).isoformat())
        unread = [number for number, value in enumerate(answer["temperature"]) if value is None]
        assert len(unread) == 8 * 24
        assert {answer["gain"][number] for number in unread} == {None}

    def test_without_a_time_the_newest_cycle(self, client):
        assert get(client, "/api/hcal/state")["cycle"] == cycle(7).isoformat()

    def test_the_emcal_has_a_state_too(self, client, record):
        answer = get(client, "/api/hcal/emcal/state")
        state = emcal.state_at(record, emcal.cycle_near(record))
        assert len(answer["tower_id"]) == 24576
        np.testing.assert_allclose(numbers(answer["temperature_sipm"]), state["temperature_sipm"], atol=1e-5)

    @pytest.mark.parametrize(
        "path",
        [
            "/api/hcal/state",
            "/api/hcal/emcal/state",
            "/api/hcal/half-sectors",
            "/api/hcal/sectors/5",
            "/api/hcal/supplies",
        ],
    )
    def test_a_time_without_readings_is_not_found(self, client, path):
        answer = client.get(path, params={"at": "2024-01-01T00:00:00Z"})
        assert answer.status_code == 404
        assert "2024-01-01" in answer.json()["detail"]


class TestTower:
    def test_one_tower_has_its_whole_state(self, client, record):
        answer = get(client, "/api/hcal/towers/385", at=cycle(3).isoformat())
        state = readers.state_at(record, cycle(3)).set_index("tower_id").loc[385]
        assert answer["reading_time"] == cycle(3).isoformat().replace("+00:00", "Z")
        assert answer["readings"]["temperature"] == pytest.approx(state["temperature"], rel=1e-6)
        assert (answer["gain"], answer["gain_mode"], answer["age_seconds"]) == (1.0, "normal", 0.0)

    def test_of_the_emcal_as_well(self, client):
        answer = get(client, "/api/hcal/towers/3372")
        assert answer["detector"] == 2
        assert set(answer["readings"]) == {"temperature", "temperature_preamp", "leakage", "bias"}

    def test_before_the_emcal_ever_came_its_towers_are_not_found(self, database, tmp_path):
        client = local(create_app(Settings(state_dir=tmp_path, database_url=database.url)))
        assert client.get("/api/hcal/towers/3372?at=2025-06-05T00:00:00Z").status_code == 404

    def test_what_is_no_tower_is_refused(self, client):
        assert client.get("/api/hcal/towers/27648").status_code == 422


class TestUnits:
    def test_all_half_sectors_have_means_and_extremes(self, client, record):
        answer = get(client, "/api/hcal/half-sectors", at=cycle(3).isoformat())
        towers = readers.state_at(record, cycle(3)).groupby("half_sector")["temperature"]
        assert [one["number"] for one in answer] == list(range(128))
        assert answer[17]["label"] == "O-08S"
        maxima = [one["quantities"]["temperature"]["max"] for one in answer]
        np.testing.assert_allclose(maxima, towers.max(), rtol=1e-6)

    @pytest.mark.parametrize(("name", "number"), [("O-08S", 17), ("17", 17), ("I-31S", 127)])
    def test_a_half_sector_goes_by_number_or_name(self, client, name, number):
        assert get(client, f"/api/hcal/half-sectors/{name}")["number"] == number

    def test_a_sector_is_both_halves(self, client):
        answer = get(client, "/api/hcal/sectors/I-31")
        assert (answer["number"], answer["towers_read"]) == (63, 48)
        assert len(get(client, "/api/hcal/sectors")) == 64

    @pytest.mark.parametrize("path", ["half-sectors/128", "half-sectors/O-32N", "sectors/64", "sectors/O-99"])
    def test_what_is_not_there_is_not_found(self, client, path):
        assert client.get(f"/api/hcal/{path}").status_code == 404


class TestSeries:
    def test_a_tower_over_a_day(self, client, record):
        answer = get(client, "/api/hcal/towers/385/series", quantity="temperature", **SPAN)
        found = series.tower_series(record, 385, "temperature", START, START + timedelta(days=1), 1000)
        assert answer["times"][0] == "2025-06-05T00:00:00Z"
        assert answer["n"] == [1] * 7
        np.testing.assert_allclose(answer["mean"], found.points["mean"], atol=1e-5)

    def test_a_half_sector_over_a_year_is_read_from_hours(self, client):
        year = {"start": "2025-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}
        answer = get(client, "/api/hcal/half-sectors/O-08S/series", quantity="bias", points=5000, **year)
        assert (answer["resolution"], answer["step_seconds"]) == ("hour", 7200)
        assert sum(answer["n"]) == 7 * 24
        days = get(client, "/api/hcal/sectors/O-08/series", quantity="bias", points=100, **year)
        assert (days["resolution"], days["times"]) == ("day", ["2025-06-05T00:00:00Z"])

    def test_a_supply_channel_has_its_voltage(self, client):
        supply = {"crate": "mpod", "slot": 0, "channel": 0, "quantity": "v_meas"}
        answer = get(client, "/api/hcal/supplies/series", points=5000, **supply, **SPAN)
        assert answer["times"] == [f"2025-06-05T00:0{minute}:00Z" for minute in range(3)]
        assert answer["mean"][2] == pytest.approx(scene.truth(0, scene.cycle(2)).v_meas, abs=1e-4)

    @pytest.mark.parametrize(
        "asked",
        [
            {"quantity": "temperature_sipm", **SPAN},
            {"quantity": "humidity", **SPAN},
            {"quantity": "bias", "start": SPAN["end"], "end": SPAN["start"]},
            {"quantity": "bias", "points": 1_000_000, **SPAN},
        ],
    )
    def test_what_cannot_be_drawn_is_refused(self, client, asked):
        assert client.get("/api/hcal/towers/385/series", params=asked).status_code == 422

    def test_a_year_of_a_supply_channel_is_too_much(self, client):
        supply = {"crate": "mpod", "slot": 0, "channel": 0, "quantity": "v_meas"}
        year = {"start": "2025-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}
        answer = client.get("/api/hcal/supplies/series", params=supply | year)
        assert answer.status_code == 422
        assert "31 days" in answer.json()["detail"]


class TestRecord:
    def test_supplies_at_a_time(self, client):
        answer = get(client, "/api/hcal/supplies", at=scene.cycle(2).isoformat())
        assert len(answer) == 64 + 256 + 1
        assert {one["state"] for one in answer if one["kind"] == "mpod"} == {"On"}
        assert {one["hcal_sector"] for one in answer if one["kind"] == "meter"} == {None}

    def test_anomalies_in_pages_are_all_of_them_newest_first(self, client, record):
        asked, found = SPAN | {"limit": 3}, []
        while True:
            page = get(client, "/api/hcal/anomalies", **asked)
            found += page["items"]
            if page["next"] is None:
                break
            asked["cursor"] = page["next"]
        frame = anomalies_of_day(record, DAY)
        assert len(found) > 3
        assert sorted(one["anomaly_id"] for one in found) == sorted(frame["anomaly_id"])
        order = [(one["started_at"], one["anomaly_id"]) for one in found]
        assert order == sorted(order, reverse=True)

    def test_anomalies_can_be_chosen(self, client, record):
        frame = anomalies_of_day(record, DAY)
        errors = get(client, "/api/hcal/anomalies", severity="error", limit=1000, **SPAN)["items"]
        assert len(errors) == (frame["severity"] == "error").sum()
        still_open = get(client, "/api/hcal/anomalies", only_open=True, limit=1000, **SPAN)["items"]
        assert len(still_open) == frame["ended_at"].isna().sum()

    def test_gaps_of_the_record_are_told_with_their_reasons(self, client, record):
        answer = get(client, "/api/hcal/coverage", start=cycle(0).isoformat(), end=cycle(8).isoformat())
        frame = coverage.gaps(record, cycle(0), cycle(8))
        assert [(one["board"], one["reason"]) for one in answer] == list(
            zip(frame["board"], frame["reason"], strict=True)
        )
        assert "91" in {one["board"] for one in answer}

    def test_a_year_of_gaps_is_too_much(self, client):
        year = {"start": "2025-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}
        assert client.get("/api/hcal/coverage", params=year).status_code == 422
