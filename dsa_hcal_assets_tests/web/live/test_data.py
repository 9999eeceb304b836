"""``/ws/data`` of a whole installation: who may listen, what is said, what is sent, and outages."""

import asyncio
import json
import threading

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from dsa_hcal_assets.access import Role, tokens
from dsa_hcal_assets.alerts import Alert, Severity, raise_alert
from dsa_hcal_assets.database import urls
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.access import AccessSettings
from dsa_hcal_assets_tests.database.proxy import Proxy
from dsa_hcal_assets_tests.web.callers import bearer, token_of
from dsa_hcal_assets_tests.web.live.clients import QUICK, gathered, listening
from dsa_hcal_assets_tests.web.serving import served

TOPICS = {"alerts", "groups", "kpis", "readings", "runs", "status"}

NONSENSE = [
    "",
    "{",
    b"\x00\xff",
    '"subscribe"',
    '{"subscribe": "alerts"}',
    '{"subscribe": [1]}',
    '{"subscribe": ["alerts"], "more": 1}',
    json.dumps({"subscribe": ["alerts"] * 51}),
    "[" * 4000,
]


@pytest.fixture
def settings(database, tmp_path):
    return Settings(state_dir=tmp_path, database_url=database.url, live=QUICK)


@pytest.fixture
def port(settings):
    with served(settings) as port:
        yield port


def alert(database, title):
    raise_alert(database, Alert(Severity.WARNING, "check", title), [])


def titles(message):
    return [one["title"] for one in message["data"]["recent"]]


class TestAClient:
    def test_it_is_greeted_then_gets_every_topic_in_full_and_signs_of_life(self, port):
        with listening(port) as client:
            assert client.next() == {**client.got[0], "type": "hello", "topics": sorted(TOPICS)}
            client.until(lambda _: client.kinds >= TOPICS)
            assert all(client.numbers(topic)[0] == 1 for topic in TOPICS)
            assert client.hear("heartbeat")
            # key figures come again though nothing has changed, other topics do not
            client.until(lambda message: message.get("seq", 0) == 3)
            assert set(client.numbers("kpis")) >= {1, 2, 3}
            assert all(client.numbers(topic) == [1] for topic in TOPICS - {"kpis"})

    def test_it_gets_only_what_it_asks_for(self, port, database):
        with listening(port) as client:
            client.say(subscribe=["alerts"])
            client.say(subscribe=["no such"])
            client.hear("error")  # so it has been heard before this
            del client.got[:]
            alert(database, "one")
            client.until(lambda message: message["type"] == "alerts" and titles(message) == ["one"])
            client.hear("heartbeat")
            assert {message["type"] for message in client.got} == {"alerts", "heartbeat"}
            client.say(subscribe=["status"])
            assert client.hear("status")["data"]["open_alerts"]["total"] in (0, 1)

    def test_every_client_gets_every_alert(self, port, database):
        def tell():
            for number in range(5):
                alert(database, f"alert {number}")
                threading.Event().wait(0.1)

        teller = threading.Timer(1.0, tell)
        teller.start()
        heard = asyncio.run(
            gathered(port, 20, lambda message: message["type"] == "alerts" and "alert 4" in titles(message))
        )
        teller.join()
        for texts in heard:
            states = [message for message in map(json.loads, texts) if message["type"] == "alerts"]
            assert titles(states[-1]) == [f"alert {number}" for number in (4, 3, 2, 1, 0)]
            numbers = [message["seq"] for message in states]
            assert numbers == list(range(numbers[0], numbers[-1] + 1))

    def test_its_connection_outlives_the_patience_for_requests(self, settings):
        hasty = settings.model_copy(update={"access": AccessSettings(stalled_seconds=0.3)})
        with served(hasty) as port, listening(port) as client:
            for _ in range(10):
                client.hear("heartbeat")


class TestWhatAClientSays:
    def test_what_cannot_be_understood_is_answered_and_changes_nothing(self, port):
        with listening(port) as client:
            for said in NONSENSE:
                client.connection.send(said)
                assert '{"subscribe": ["<topic>", ...]}' in client.hear("error")["reason"]
            client.until(lambda _: client.kinds >= TOPICS)

    def test_an_unknown_topic_is_answered_with_the_known_ones(self, port):
        with listening(port) as client:
            client.say(subscribe=["alerts", "weather" + "x" * 1000])
            reason = client.hear("error")["reason"]
            assert reason.startswith("unknown topic 'weather")
            assert reason.endswith(", ".join(sorted(TOPICS)))
            assert len(reason) < 200

    def test_too_much_ends_the_connection_and_no_other(self, port):
        with listening(port) as other:
            for said, code in ((["x" * 5000], 1009), (["{"] * 60, 1008)):
                with listening(port) as client:
                    for text in said:
                        client.connection.send(text)
                    with pytest.raises(ConnectionClosed) as closed:
                        client.hear("nothing")
                    assert closed.value.rcvd.code == code
            assert other.hear("kpis")


class TestWhoMayListen:
    @pytest.fixture
    def guarded(self, settings):
        with served(settings.model_copy(update={"access": AccessSettings(local_role="none")})) as port:
            yield port

    def test_a_token_is_needed_where_it_is_needed_and_a_viewers_is_enough(self, guarded, database):
        for headers in (None, bearer("dsa_wrong_token")):
            with pytest.raises(InvalidStatus) as refused, listening(guarded, additional_headers=headers):
                pass
            assert refused.value.response.status_code == 401
        token = token_of(database, Role.VIEWER, "display")
        with listening(guarded, additional_headers=bearer(token)) as client:
            assert client.hear("kpis")

    def test_one_whose_token_is_taken_back_is_sent_away(self, guarded, database):
        token = token_of(database, Role.VIEWER, "display")
        with listening(guarded, additional_headers=bearer(token)) as client:
            for _ in range(5):
                client.hear("heartbeat")
            tokens.revoke(database, "display", by="test")
            with pytest.raises(ConnectionClosed) as closed:
                client.hear("nothing")
            assert closed.value.rcvd.code == 1008
            assert "not valid" in closed.value.rcvd.reason

    def test_pages_from_elsewhere_may_not_its_own_may(self, port):
        for origin in ("https://elsewhere.example", "null", "http://127.0.0.1:1"):
            with pytest.raises(InvalidStatus) as refused, listening(port, origin=origin):
                pass
            assert refused.value.response.status_code == 403
        with listening(port, origin=f"http://127.0.0.1:{port}") as client:
            assert client.hear("hello")


class TestOutage:
    @pytest.fixture
    def proxy(self, database):
        proxy = Proxy(int(urls.parse(database.url)["port"]))
        yield proxy
        proxy.refuse()
        proxy.cut()

    def test_it_is_told_survived_and_what_changed_meanwhile_follows(self, database, proxy, settings):
        parameters = urls.parse(database.url) | {"host": "127.0.0.1", "port": str(proxy.port)}
        through = settings.model_copy(update={"database_url": urls.build(**parameters)})
        with served(through) as port, listening(port) as client:
            client.until(lambda _: client.kinds >= TOPICS)
            proxy.refuse()
            proxy.cut()
            outage = client.until(lambda one: one["type"] == "outage" and len(one["topics"]) == len(TOPICS))
            assert outage["topics"] == sorted(TOPICS)
            assert "did not complete a transaction" in outage["reason"]
            alert(database, "meanwhile")
            with listening(port) as other:  # who comes now is told as well, and gets what there was
                assert titles(other.hear("alerts")) == []
                assert other.hear("outage")["topics"] == sorted(TOPICS)
            client.hear("heartbeat")
            assert client.numbers("alerts") == [1]
            proxy.open()
            client.hear("recovered")
            client.until(lambda _: 2 in client.numbers("alerts"))
            assert titles([one for one in client.got if one["type"] == "alerts"][-1]) == ["meanwhile"]

    def test_a_service_that_starts_without_a_database_says_so(self, tmp_path):
        away = Settings(state_dir=tmp_path, database_url="postgresql://user:s3cret@127.0.0.1:9/d", live=QUICK)
        with served(away) as port, listening(port) as client:
            outage = client.hear("outage")
            assert "127.0.0.1:9" in outage["reason"]
            assert "s3cret" not in json.dumps(client.got)
            assert not any("seq" in message for message in client.got)
