"""Events over HTTP: told once, kept for good, read newest first."""

from datetime import timedelta

import pytest

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web.app import create_app
from dsa_hcal_assets_tests.web.callers import OPERATING, local

LED = {"kind": "led_on", "at": "2025-06-05T20:00:00Z", "half_sector": 17, "value": {"mask": 31}}
SPAN = {"start": "2025-06-05T00:00:00Z", "end": "2025-06-06T00:00:00Z"}


@pytest.fixture
def settings(database, tmp_path):
    return Settings(state_dir=tmp_path, database_url=database.url, access=OPERATING)


@pytest.fixture
def client(settings):
    with local(create_app(settings)) as client:
        yield client


def note(minute: int, text: str = "chiller") -> dict:
    return {"kind": "note", "at": f"2025-06-05T12:{minute:02d}:00Z", "value": {"text": text}}


class TestReporting:
    def test_an_event_is_recorded_with_who_said_so(self, client, database):
        answer = client.post("/api/events", json=LED)
        assert (answer.status_code, answer.json()["standing"]) == (201, "recorded")
        (row,) = database.rows("select event_id, kind, half_sector, value, source from hcal.event")
        assert row == (answer.json()["event_id"], "led_on", 17, {"mask": 31}, "local")

    def test_without_a_time_it_happened_now(self, client, database):
        client.post("/api/events", json={"kind": "power_cut", "source": "shift leader"})
        ((at, source),) = database.rows("select at, source from hcal.event")
        assert abs(at - utc_now()) < timedelta(minutes=1)
        assert source == "shift leader"

    def test_telling_it_again_is_harmless(self, client, database):
        first = client.post("/api/events", json=LED).json()
        again = client.post("/api/events", json=LED)
        assert (again.status_code, again.json()) == (200, first | {"standing": "known already"})
        assert database.rows("select count(*) from hcal.event") == [(1,)]

    def test_a_contradiction_is_a_conflict_and_the_first_stays(self, client, database):
        client.post("/api/events", json=LED)
        assert client.post("/api/events", json=LED | {"value": {"mask": 1}}).status_code == 409
        assert database.rows("select value from hcal.event") == [({"mask": 31},)]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"value": {"mask": 32}},
            {"value": {"colour": "blue"}},
            {"detector": 1},
            {"tower_id": 1},
            {"at": "2999-01-01T00:00:00Z"},
            {"source": "\x00"},
            {"kind": "run_started"},
        ],
    )
    def test_what_is_no_event_is_refused_and_nothing_is_left(self, client, settings, wrong):
        answer = client.post("/api/events", json=LED | wrong)
        assert answer.status_code in (400, 422)
        assert not list((settings.incoming / "events").glob("*"))

    def test_a_viewer_may_not_tell(self, database, tmp_path):
        with local(create_app(Settings(state_dir=tmp_path, database_url=database.url))) as viewer:
            assert viewer.post("/api/events", json=LED).status_code == 403
        assert database.rows("select count(*) from hcal.event") == [(0,)]

    def test_while_the_database_is_away_nothing_is_promised(self, tmp_path):
        away = "postgresql://u@127.0.0.1:9/d"
        settings = Settings(state_dir=tmp_path, database_url=away, access=OPERATING)
        with local(create_app(settings)) as client:
            assert client.post("/api/events", json=LED).status_code == 503
        assert not (settings.incoming / "events").exists()


class TestReading:
    def test_events_come_newest_first_in_pages(self, client):
        for minute in (3, 1, 2, 2):
            assert client.post("/api/events", json=note(minute)).status_code in (200, 201)
        first = client.get("/api/events", params=SPAN | {"limit": 2}).json()
        second = client.get("/api/events", params=SPAN | {"cursor": first["next"]}).json()
        minutes = [one["at"][14:16] for one in first["items"] + second["items"]]
        assert (minutes, second["next"]) == (["03", "02", "01"], None)

    def test_kinds_and_runs_can_be_chosen(self, client):
        run = {"kind": "run_started", "at": "2025-06-05T01:00:00Z", "run_number": 7}
        for event in (run, note(1), LED):
            client.post("/api/events", json=event)
        for asked, kind in (({"kind": "note"}, "note"), ({"run_number": 7}, "run_started")):
            items = client.get("/api/events", params=SPAN | asked).json()["items"]
            assert [one["kind"] for one in items] == [kind]

    def test_how_things_stood_at_a_time(self, client):
        client.post("/api/events", json=LED)
        before = client.get("/api/events/state", params={"at": "2025-06-05T19:59:59Z"}).json()
        (after,) = client.get("/api/events/state", params={"at": "2025-06-05T20:00:01Z"}).json()
        assert before == []
        assert (after["topic"], after["half_sector"], after["state"]) == ("led", 17, "on")
