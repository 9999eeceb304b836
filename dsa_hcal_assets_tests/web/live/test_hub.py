"""Many clients, slow clients, failing topics and the end of the service, over real sockets."""

import asyncio
import itertools
import json
import threading
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

from dsa_hcal_assets.web.live.feeds import Feed
from dsa_hcal_assets_tests.web.live.clients import QUICK, Service, deaf, gathered, listening, narrow

LONG = "x" * 200_000


class Counter:
    """A topic that is other each time it is read; `reads` counts how often."""

    def __init__(self, padding: str = "") -> None:
        self.reads = 0
        self.padding = padding

    def __call__(self, _: object) -> dict[str, object]:
        self.reads += 1
        return {"count": self.reads, "padding": self.padding}

    def feed(self, topic: str = "count") -> Feed:
        return Feed(topic, 0.01, self)


class TestManyClients:
    def test_all_get_every_state_and_the_same_bytes(self):
        with Service([Counter().feed()], QUICK) as service:
            heard = asyncio.run(
                gathered(
                    service.port, 50, lambda message: message["type"] == "count" and message["seq"] >= 60
                )
            )
        states = [
            {json.loads(text)["seq"]: text for text in texts if '"type":"count"' in text} for texts in heard
        ]
        for found in states:
            # from wherever it came in, without a gap
            assert sorted(found) == list(range(min(found), max(found) + 1))
            assert len(found) >= 10
        everyone = {}
        for number, text in itertools.chain.from_iterable(found.items() for found in states):
            assert everyone.setdefault(number, text) == text

    def test_one_reads_for_all_and_nobody_for_nobody(self):
        counter = Counter()
        with Service([counter.feed()], QUICK) as service:
            threading.Event().wait(0.1)
            assert (counter.reads, service.hub.idle) == (0, True)
            with listening(service.port) as one, listening(service.port) as other:
                seen = one.hear("count")["data"]["count"], other.hear("count")["data"]["count"]
                assert abs(seen[0] - seen[1]) <= 1
                assert not service.hub.idle
            service.wait(lambda: service.hub.idle)
            service.wait(lambda: service.connections == 0)
            reads = counter.reads
            threading.Event().wait(0.2)
            assert counter.reads <= reads + 1  # one may have been under way

    def test_who_comes_after_a_pause_gets_no_old_state(self):
        values = itertools.chain(["old"], itertools.repeat("new"))
        with Service([Feed("value", 0.01, lambda _: next(values))], QUICK) as service:
            with listening(service.port) as first:
                assert first.hear("value")["data"] == "old"
            service.wait(lambda: service.hub.idle)
            with listening(service.port) as second:
                assert (message := second.hear("value"))["data"] == "new"
                assert message["seq"] == 1


class TestSlowClients:
    def test_one_that_does_not_read_delays_nobody_and_is_dropped(self):
        counter = Counter(LONG)
        settings = QUICK.model_copy(update={"stalled_seconds": 1.0})
        with Service([counter.feed()], settings) as service, deaf(service.port) as slow:
            with listening(service.port, max_size=None) as quick:
                most_held_back = 0
                while service.connections > 1 or len(quick.numbers("count")) < 20:
                    quick.hear("count")
                    most_held_back = max(most_held_back, service.held_back)
            numbers = quick.numbers("count")
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            # one message in the process at most, however many there were
            assert len(LONG) * 2 * 2 > most_held_back
            assert len(numbers) * len(LONG) > 4 * most_held_back
            # what the kernel held is all that is left to read, then the connection has ended
            left = 0
            with suppress(ConnectionResetError):
                while data := slow.recv(1 << 16):
                    left += len(data)
            assert left < len(numbers) * len(LONG)

    def test_one_that_reads_again_is_told_what_it_missed_and_gets_the_newest(self):
        counter = Counter(LONG)
        with Service([counter.feed()], QUICK) as service:
            with listening(service.port, sock=narrow(service.port), max_size=None, max_queue=1) as slow:
                first = slow.hear("count")["seq"]
                reads = counter.reads
                service.wait(lambda: counter.reads > reads + 30)
                missed = slow.hear("missed")["topics"]["count"]
                newest = slow.hear("count")["seq"]
                got = slow.numbers("count")
            assert missed > 0
            assert len(got) + missed == newest - first + 1

    def test_one_that_answers_no_ping_is_dropped_without_a_fault(self, caplog):
        pinged = {"ws_ping_interval": 0.1, "ws_ping_timeout": 0.1}
        with Service([Counter(LONG).feed()], QUICK, **pinged) as service, deaf(service.port) as slow:
            service.wait(lambda: service.closing)
            # it reads now, and a message that waited for it could be sent again
            with suppress(ConnectionResetError):
                while slow.recv(1 << 16):
                    pass
            service.wait(lambda: service.connections == 0)
            service.wait(lambda: service.hub.idle)
        assert not [record for record in caplog.records if record.levelname == "ERROR"]

    def test_the_end_of_the_service_does_not_wait_for_them(self):
        with Service([Counter(LONG).feed()], QUICK) as service, deaf(service.port):
            service.wait(lambda: service.held_back > 0)


class TestTheEnd:
    def test_clients_are_told_that_the_service_restarts(self):
        with Service([Counter().feed()], QUICK) as service, listening(service.port) as client:
            client.hear("count")
            service.stop()
            with pytest.raises(ConnectionClosed) as closed:
                client.hear("nothing")
            assert closed.value.rcvd.code == 1012

    def test_clients_of_a_hub_that_failed_are_closed_and_can_come_again(self):
        feeds = [Counter().feed()]
        with Service(feeds, QUICK) as service:
            service.hub._feeds = None
            with listening(service.port) as client, pytest.raises(ConnectionClosed) as closed:
                client.hear("count")
            assert closed.value.rcvd.code == 1011
            service.hub._feeds = feeds
            with listening(service.port) as client:
                assert client.hear("count")


class TestTopicsThatCannotBeRead:
    def test_a_fault_in_one_topic_is_told_and_costs_the_others_nothing(self, database):
        def broken(_: object) -> dict[str, object]:
            raise ZeroDivisionError

        with (
            Service([Feed("broken", 0.01, broken), Counter().feed()], QUICK, database) as service,
            listening(service.port) as client,
        ):
            outage = client.hear("outage")
            assert outage["topics"] == ["broken"]
            assert "ZeroDivisionError" in outage["reason"]
            client.until(lambda message: message.get("seq", 0) > 5)
            # told once, and again to whoever comes later
            assert [message["type"] for message in client.got].count("outage") == 1
            with listening(service.port) as later:
                assert later.hear("outage")["topics"] == ["broken"]

    def test_a_reading_that_hangs_does_not_stop_the_event_loop(self):
        ended = threading.Event()
        with (
            Service([Feed("stuck", 0.01, lambda _: ended.wait(20))], QUICK) as service,
            listening(service.port) as client,
        ):
            for _ in range(3):
                client.hear("heartbeat")
            client.say(subscribe=["nothing"])
            assert client.hear("error")
            ended.set()
            assert client.hear("stuck")["data"] is True


class TestPlaces:
    def test_more_clients_than_there_are_places_for_are_sent_away(self):
        settings = QUICK.model_copy(update={"clients": 2})
        with Service([Counter().feed()], settings) as service:
            with listening(service.port) as one, listening(service.port):
                one.hear("count")
                with listening(service.port) as third, pytest.raises(ConnectionClosed) as closed:
                    third.next()
                assert closed.value.rcvd.code == 1013
            service.wait(lambda: service.connections == 0)
            with listening(service.port) as later:
                assert later.hear("count")
