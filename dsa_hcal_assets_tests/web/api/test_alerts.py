"""Alerts over HTTP: found, acknowledged, closed, silenced; and how each was told."""

from datetime import UTC, datetime, timedelta

import pytest

from dsa_hcal_assets.alerts import Alert, Severity, record
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web.app import create_app
from dsa_hcal_assets_tests.web.callers import OPERATING, local

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def api(database, tmp_path):
    settings = Settings(state_dir=tmp_path, database_url=database.url, access=OPERATING)
    with local(create_app(settings)) as client:
        yield client


@pytest.fixture
def tell(database):
    def tell(title="hot", severity=Severity.ERROR, category="run", key="", at=NOON, channels=()) -> int:
        alert = Alert(severity, category, title, source="hcal", dedup_key=key, raised_at=at)
        return record.insert(database, alert, channels)[0]

    return tell


def titles(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["title"] for one in answer.json()["items"]]


class TestFinding:
    def test_the_newest_come_first_in_pages(self, api, tell):
        for number in range(5):
            tell(f"{number}")
        first = api.get("/api/alerts", params={"limit": 2})
        assert titles(first) == ["4", "3"]
        tell("meanwhile")
        second = api.get("/api/alerts", params={"limit": 2, "cursor": first.json()["next"]})
        assert titles(second) == ["2", "1"]

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({"severity": "error"}, ["burning", "hot"]),
            ({"category": "disk"}, ["full"]),
            ({"source": "rig"}, []),
            ({"state": "open"}, ["burning", "hot"]),
            ({"state": "unacknowledged"}, ["hot"]),
            ({"state": "resolved"}, ["full"]),
            ({"since": "2026-01-02T13:00:00Z"}, ["burning"]),
            ({"until": "2026-01-02T13:00:00Z"}, ["full", "hot"]),
            ({}, ["burning", "full", "hot"]),
        ],
    )
    def test_by_what_they_are_and_where_they_stand(self, api, tell, database, asked, found):
        tell("hot")
        tell("full", Severity.WARNING, "disk", "k")
        burning = tell("burning", Severity.CRITICAL, at=NOON + timedelta(hours=2))
        record.resolve(database, "k")
        record.acknowledge(database, burning, "ann")
        assert titles(api.get("/api/alerts", params=asked)) == found

    @pytest.mark.parametrize(
        "asked", [{"severity": "loud"}, {"since": "2026-01-02T13:00:00"}, {"cursor": "x"}, {"limit": 0}]
    )
    def test_what_cannot_be_asked_is_refused(self, api, asked):
        assert api.get("/api/alerts", params=asked).status_code == 422

    def test_one_alert_has_its_way_to_the_channels(self, api, tell):
        number = tell(channels=["mail"])
        found = api.get(f"/api/alerts/{number}").json()
        assert (found["severity"], found["times"], found["dedup_key"]) == ("error", 1, None)
        (told,) = found["deliveries"]
        assert (told["channel"], told["kind"], told["state"]) == ("mail", "raised", "due")
        assert api.get("/api/alerts/99").status_code == 404

    def test_channels_say_what_waits_for_them(self, api, tell):
        tell(channels=["mail"])
        (mail,) = api.get("/api/alerts/channels").json()
        assert (mail["channel"], mail["due"], mail["last_taken_at"]) == ("mail", 1, None)


class TestActing:
    def test_somebody_takes_note_once(self, api, tell):
        number = tell()
        assert api.post(f"/api/alerts/{number}/acknowledge").json()["acknowledged_by"] == "local"
        again = api.post(f"/api/alerts/{number}/acknowledge")
        assert (again.status_code, again.json()["detail"]) == (409, "local acknowledged it before")

    def test_an_alert_is_closed_once(self, api, tell):
        number = tell()
        assert api.post(f"/api/alerts/{number}/resolve").json()["resolved_by"] == "local"
        assert api.post(f"/api/alerts/{number}/resolve").status_code == 409

    @pytest.mark.parametrize("action", ["acknowledge", "resolve"])
    def test_what_there_is_not_is_not_found(self, api, action):
        assert api.post(f"/api/alerts/99/{action}").status_code == 404

    def test_viewers_only_look(self, database, tmp_path, tell):
        number = tell()
        settings = Settings(state_dir=tmp_path, database_url=database.url)
        with local(create_app(settings)) as viewer:
            assert viewer.get(f"/api/alerts/{number}").status_code == 200
            assert viewer.post(f"/api/alerts/{number}/acknowledge").status_code == 403
            assert viewer.post("/api/alerts/silences", json={"title": "*", "hours": 1}).status_code == 403


class TestSilences:
    def test_a_silence_is_made_seen_and_ended(self, api, tell):
        number = tell()
        wanted = {"category": "r*", "hours": 2, "reason": "repair"}
        made = api.post("/api/alerts/silences", json=wanted)
        assert made.status_code == 201
        silence = made.json()
        assert (silence["category"], silence["up_to"], silence["created_by"]) == ("r*", "critical", "local")
        length = datetime.fromisoformat(silence["ends_at"]) - utc_now()
        assert timedelta(hours=1.9) < length < timedelta(hours=2)
        assert api.get(f"/api/alerts/{number}").json()["silence_id"] == silence["id"]
        assert [one["id"] for one in api.get("/api/alerts/silences").json()["items"]] == [silence["id"]]

        assert api.delete(f"/api/alerts/silences/{silence['id']}").status_code == 204
        assert api.delete(f"/api/alerts/silences/{silence['id']}").status_code == 404
        assert api.get("/api/alerts/silences").json()["items"] == []
        (ended,) = api.get("/api/alerts/silences", params={"ended": True}).json()["items"]
        assert ended["lifted_by"] == "local"

    @pytest.mark.parametrize(
        ("wanted", "status"),
        [
            ({"hours": 1}, 400),
            ({"title": "*", "until": "2020-01-01T00:00:00Z"}, 400),
            ({"title": "*"}, 422),
            ({"title": "*", "hours": 1, "until": "2100-01-01T00:00:00Z"}, 422),
            ({"title": "*", "hours": -1}, 422),
            ({"title": "*", "hours": 1, "up_to": "loud"}, 422),
            ({"title": "*", "hours": 1, "all": True}, 422),
        ],
    )
    def test_one_that_makes_no_sense_is_refused(self, api, wanted, status):
        assert api.post("/api/alerts/silences", json=wanted).status_code == status

    @pytest.mark.parametrize(
        ("pattern", "matches"),
        [
            ("hot", True),
            ("h*", True),
            ("*o*", True),
            ("ho_", False),
            ("h%", False),
            ("H*", False),
            ("*\\*", False),
        ],
    )
    def test_only_the_star_stands_for_any_text(self, api, tell, pattern, matches):
        number = tell("hot")
        api.post("/api/alerts/silences", json={"title": pattern, "hours": 1})
        assert (api.get(f"/api/alerts/{number}").json()["silence_id"] is not None) == matches

    def test_more_urgent_alerts_than_wished_are_not_silenced(self, api, tell):
        api.post("/api/alerts/silences", json={"category": "*", "hours": 1, "up_to": "error"})
        silenced = [
            api.get(f"/api/alerts/{tell(severity, severity)}").json()["silence_id"] for severity in Severity
        ]
        assert [one is not None for one in silenced] == [True] * 4 + [False]
