"""Live topics go to the peers that are to get them: one hop, never back."""

from collections.abc import Iterator

import pytest

from dsa_hcal_assets.daq.broker.endpoints import Endpoints, free_tcp_endpoints
from dsa_hcal_assets.daq.broker.receiver import LiveReceiver
from dsa_hcal_assets.daq.broker.sender import LiveSender
from dsa_hcal_assets.daq.broker.wire import Notice
from dsa_hcal_assets.daq.federation.config import PeerConfig
from dsa_hcal_assets.daq.federation.link import STATUS_TOPIC
from dsa_hcal_assets.daq.federation.live import MOST_UNDER_WAY, ORIGIN, LiveOutgoing
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets.daq.statistics.metrics import JobRecord
from dsa_hcal_assets_tests.daq.broker.conftest import BrokerProcess, all_left, meet
from dsa_hcal_assets_tests.daq.federation.conftest import SECONDS, Site, Store, until
from dsa_hcal_assets_tests.daq.federation.network import CuttableNetwork

Pair = tuple[Site, Site]


class Ends:
    """Both ends of a broker, for a job of a site."""

    def __init__(self, endpoints: Endpoints, producer: str, *topics: str) -> None:
        self.sender = LiveSender(endpoints, producer)
        self.receiver = LiveReceiver(endpoints)
        self.receiver.subscribe(*topics)

    def next(self, topic: str) -> Message:
        while True:
            message = self.receiver.receive(SECONDS)
            assert isinstance(message, Message)
            if message.topic == topic:
                return message


@pytest.fixture
def endpoints(pair: Pair) -> Iterator[tuple[Endpoints, Endpoints]]:
    """A broker at each site, over TCP as where there are no Unix sockets."""
    brokers = [BrokerProcess(free_tcp_endpoints()) for _ in pair]
    yield brokers[0].endpoints, brokers[1].endpoints
    for broker in brokers:
        broker.kill()


def start(pair: Pair, network: CuttableNetwork, endpoints: tuple[Endpoints, Endpoints], **to: object) -> None:
    """Start both links, each to give the other every live message of `t.*`."""
    hall, laboratory = pair
    live = ("t.*",)
    hall.start(hall.config(PeerConfig(id="laboratory", live=live, **to), listen=network.listen), endpoints[0])
    peer = PeerConfig(id="hall", address=network.address, live=live)
    laboratory.start(laboratory.config(peer), endpoints[1])


def test_a_live_message_arrives_under_the_name_of_its_producer_and_supervisor(
    pair: Pair, network: CuttableNetwork, endpoints: tuple[Endpoints, Endpoints]
) -> None:
    start(pair, network, endpoints)
    here, there = Ends(endpoints[0], "thermometer"), Ends(endpoints[1], "x", "t.*")
    until(lambda: here.sender.publish("t.hall", 21.5, {"n": 1}) and there.receiver.receive(0.02))
    here.sender.publish("t.last", 22.5, {"n": 2})
    message = there.next("t.last")
    assert message.producer == "thermometer@hall"
    assert message.attributes == {"n": 2, ORIGIN: "hall"}
    assert decode(message) == 22.5


def test_no_message_comes_back_although_both_sides_send_the_same_topics(
    pair: Pair, network: CuttableNetwork, endpoints: tuple[Endpoints, Endpoints]
) -> None:
    start(pair, network, endpoints)
    here, there = Ends(endpoints[0], "h", "t.*"), Ends(endpoints[1], "l", "t.*")
    until(lambda: here.sender.publish("t.x", 0) and there.receiver.receive(0.02))
    until(lambda: there.sender.publish("t.x", 0) and here.receiver.receive(0.02))
    all_left(here.receiver), all_left(there.receiver)
    for _ in range(20):
        here.sender.publish("t.hall", 1)
        there.sender.publish("t.laboratory", 1)
    came = [(one.topic, one.producer) for one in all_left(here.receiver) if isinstance(one, Message)]
    assert sorted(came) == [("t.hall", "h")] * 20 + [("t.laboratory", "l@laboratory")] * 20


def test_a_notice_here_wakes_readers_of_the_mirror(
    pair: Pair, network: CuttableNetwork, endpoints: tuple[Endpoints, Endpoints]
) -> None:
    hall, laboratory = pair
    writer = hall.writer("thermometer", "link:laboratory")
    start(pair, network, endpoints, send=("thermometer",))
    there = Ends(endpoints[1], "x")
    there.receiver.watch("thermometer@hall")
    meet(there.sender, there.receiver)
    # What is published while the link still connects to the broker is nobody's: only a later notice comes.
    until(lambda: writer.send("t", 1) and there.receiver.receive(0.1))
    sequence = writer.send("t", 1)
    notice = Notice("thermometer@hall", writer.epoch, sequence)
    until(lambda: there.receiver.receive(SECONDS) == notice)
    store = Store(laboratory, "thermometer@hall")
    assert len(store.read()) == sequence
    store.close()


def test_a_peer_that_takes_nothing_makes_nobody_wait_and_what_it_misses_is_counted(
    pair: Pair, network: CuttableNetwork, endpoints: tuple[Endpoints, Endpoints]
) -> None:
    outgoing, here = LiveOutgoing(endpoints[0], ["t.*"], []), Ends(endpoints[0], "h")
    until(lambda: here.sender.publish("t.x", 0) and outgoing.batch())
    while outgoing.dropped < 100:
        here.sender.publish("t.x", 0)
        outgoing.batch()
    assert outgoing.total == MOST_UNDER_WAY
    outgoing.taken(outgoing.total)
    until(lambda: here.sender.publish("t.x", 0) and outgoing.batch())
    outgoing.close()


def test_after_a_cut_live_messages_flow_again(
    pair: Pair, network: CuttableNetwork, endpoints: tuple[Endpoints, Endpoints]
) -> None:
    start(pair, network, endpoints)
    here, there = Ends(endpoints[0], "h"), Ends(endpoints[1], "x", "t.*")
    until(lambda: here.sender.publish("t.x", 0) and there.receiver.receive(0.02))
    network.cut()
    for _ in range(2 * MOST_UNDER_WAY):
        here.sender.publish("t.x", 0)
    network.restore()
    all_left(there.receiver)
    until(lambda: here.sender.publish("t.x", 0) and there.receiver.receive(0.02))


def test_the_link_tells_its_state_and_its_statistics(
    pair: Pair, network: CuttableNetwork, endpoints: tuple[Endpoints, Endpoints]
) -> None:
    writer = pair[0].writer("thermometer", "link:laboratory")
    start(pair, network, endpoints, send=("thermometer",))
    there = Ends(endpoints[1], "x", STATUS_TOPIC, "stats.link")
    writer.send("t", bytes(1000))
    until(lambda: decode(there.next(STATUS_TOPIC))["peers"]["hall"]["receiving"].get("thermometer"))
    record = JobRecord.from_record(decode(there.next("stats.link")))
    (route,) = record.counters.routes
    assert (route.route.producer, route.traffic.messages, route.traffic.bytes) == (
        "thermometer@hall",
        1,
        1000,
    )
