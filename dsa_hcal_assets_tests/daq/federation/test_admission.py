"""Who is let in, what is told about those who are not, and that the others go on."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import zmq

from dsa_hcal_assets.daq.broker.endpoints import EndpointInUse
from dsa_hcal_assets.daq.federation import dialled
from dsa_hcal_assets.daq.federation.config import PeerConfig
from dsa_hcal_assets.daq.federation.keys import KeyMissing, allow, own_keys, public_key
from dsa_hcal_assets.daq.federation.link import run_link
from dsa_hcal_assets.daq.federation.protocol import (
    Data,
    Heartbeat,
    Pull,
    Refusal,
    WrongProtocol,
    pack,
    unpack,
)
from dsa_hcal_assets.daq.federation.sending import NotOffered
from dsa_hcal_assets.daq.federation.troubles import (
    ClockSkew,
    HandshakeFailed,
    KeyRefused,
    PeerRefuses,
    WrongPeer,
)
from dsa_hcal_assets_tests.daq.federation.conftest import SECONDS, Site, Store, until
from dsa_hcal_assets_tests.daq.federation.network import CuttableNetwork

Pair = tuple[Site, Site]


@pytest.fixture(autouse=True)
def _redial_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialled, "REDIAL_AFTER", 0.2)


@pytest.fixture
def listening_hall(pair: Pair, network: CuttableNetwork) -> Site:
    """A link that sends one stream to the laboratory."""
    hall, _ = pair
    hall.writer("thermometer", "link:laboratory").send("t", b"1")
    hall.start(hall.config(PeerConfig(id="laboratory", send=("thermometer",)), listen=network.listen))
    return hall


def the_laboratory_still_gets_its_stream(pair: Pair, network: CuttableNetwork) -> None:
    _, laboratory = pair
    laboratory.start(laboratory.config(PeerConfig(id="hall", address=network.address)))
    Store(laboratory, "thermometer@hall").until(1)


class Speaker:
    """Says anything to a link, with the keys of a site, and hears what it answers."""

    def __init__(self, network: CuttableNetwork, who: Site, to: Site) -> None:
        keys = own_keys(who.home / "keys")
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.CURVE_PUBLICKEY, keys.public)
        self._socket.setsockopt(zmq.CURVE_SECRETKEY, keys.secret)
        self._socket.setsockopt(zmq.CURVE_SERVERKEY, public_key(to.certificate))
        self._socket.setsockopt(zmq.RCVTIMEO, SECONDS * 1000)
        self._socket.connect(network.address)

    def say(self, data: bytes) -> None:
        self._socket.send(data)

    def hear(self) -> bytes:
        return self._socket.recv()

    def close(self) -> None:
        self._socket.close(linger=0)
        self._context.term()


@contextmanager
def speaking(network: CuttableNetwork, who: Site, to: Site) -> Iterator[Speaker]:
    speaker = Speaker(network, who, to)
    yield speaker
    speaker.close()


def heartbeat(supervisor: str, time_ns: int | None = None) -> bytes:
    return pack(Heartbeat(supervisor, 1, time_ns or time.time_ns(), (), {}, {}, 0))


def test_a_key_that_is_not_listed_is_refused_on_both_sides_and_the_listed_one_goes_on(
    sites: Callable[..., Site], pair: Pair, network: CuttableNetwork, listening_hall: Site
) -> None:
    stranger = sites("stranger")
    stranger.lets_in(listening_hall)
    stranger.start(stranger.config(PeerConfig(id="hall", address=network.address)))
    until(lambda: listening_hall.trouble(KeyRefused) and stranger.trouble(KeyRefused))
    the_laboratory_still_gets_its_stream(pair, network)
    assert stranger.peer(listening_hall)["present"] is False
    assert stranger.peer(listening_hall)["receiving"] == {}


def test_a_key_that_is_listed_later_is_let_in_without_a_restart(
    sites: Callable[..., Site], network: CuttableNetwork
) -> None:
    hall, laboratory = sites("hall"), sites("laboratory")
    laboratory.lets_in(hall)
    hall.writer("thermometer", "link:laboratory").send("t", b"1")
    hall.start(hall.config(PeerConfig(id="laboratory", send=("thermometer",)), listen=network.listen))
    laboratory.start(laboratory.config(PeerConfig(id="hall", address=network.address)))
    until(lambda: laboratory.trouble(KeyRefused) and hall.trouble(KeyMissing))
    hall.lets_in(laboratory)
    Store(laboratory, "thermometer@hall").until(1)


def test_a_server_with_another_key_than_expected_gets_nothing(
    sites: Callable[..., Site], pair: Pair, network: CuttableNetwork, listening_hall: Site
) -> None:
    _, laboratory = pair
    impostor = sites("impostor")
    allow(laboratory.home / "keys", "hall", impostor.certificate)
    laboratory.writer("secret", "link:hall").send("t", b"1")
    config = laboratory.config(PeerConfig(id="hall", address=network.address, send=("secret",)))
    laboratory.start(config)
    until(lambda: listening_hall.trouble(HandshakeFailed))
    assert laboratory.peer(listening_hall)["sending"]["secret"]["sent"] == 0


def test_without_encryption_nobody_is_heard(network: CuttableNetwork, listening_hall: Site) -> None:
    with zmq.Context() as context, context.socket(zmq.DEALER) as plain:
        plain.setsockopt(zmq.LINGER, 0)
        plain.connect(network.address)
        plain.send(heartbeat("laboratory"))
        until(lambda: listening_hall.trouble(HandshakeFailed))
    assert listening_hall.status["peers"]["laboratory"]["present"] is False


def test_another_version_of_the_protocol_is_refused_told_and_counted(
    pair: Pair, network: CuttableNetwork, listening_hall: Site
) -> None:
    _, laboratory = pair
    with speaking(network, laboratory, listening_hall) as speaker:
        speaker.say(b"dsa-hcal-link/2 " + bytes(20))
        said, _ = unpack(memoryview(speaker.hear()), "hall")
        assert "dsa-hcal-link/1" in said.reason
        until(lambda: listening_hall.trouble(WrongProtocol) == 1)
    the_laboratory_still_gets_its_stream(pair, network)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"dsa-hcal-link/1 ",
        b"dsa-hcal-link/1 \xff\xff\xff\xff",
        pack(Data("p", 1, 1), [b"short"]),
        pack(Data("p", 1, 1), [bytes(64)]),
        b"dsa-hcal-link/1 \x03\x00\x00\x00\x81\xa1\x00",
    ],
)
def test_nonsense_of_a_peer_is_counted_and_the_link_goes_on(
    pair: Pair, network: CuttableNetwork, listening_hall: Site, nonsense: bytes
) -> None:
    _, laboratory = pair
    with speaking(network, laboratory, listening_hall) as speaker:
        speaker.say(nonsense)
        speaker.say(heartbeat("laboratory"))
        until(lambda: listening_hall.peer(laboratory).get("present"))


def test_two_links_that_do_not_understand_each_other_do_not_answer_each_other_for_ever(
    pair: Pair, network: CuttableNetwork, listening_hall: Site
) -> None:
    _, laboratory = pair
    answers = []
    with speaking(network, laboratory, listening_hall) as speaker:
        for _ in range(20):
            speaker.say(b"dsa-hcal-link/2 ")
        until(lambda: listening_hall.trouble(WrongProtocol) == 20)
        speaker.say(heartbeat("laboratory"))
        while not isinstance(answer := unpack(memoryview(speaker.hear()), "hall")[0], Heartbeat):
            answers.append(answer)
    assert 1 <= len(answers) < 20


def test_a_peer_that_says_it_is_another_is_not_believed(
    sites: Callable[..., Site], pair: Pair, network: CuttableNetwork, listening_hall: Site
) -> None:
    _, laboratory = pair
    with speaking(network, laboratory, listening_hall) as speaker:
        speaker.say(heartbeat("control room"))
        until(lambda: listening_hall.trouble(WrongPeer))
    assert listening_hall.peer(laboratory)["present"] is False


def test_a_stream_that_is_not_offered_is_not_given(
    pair: Pair, network: CuttableNetwork, listening_hall: Site
) -> None:
    _, laboratory = pair
    listening_hall.writer("secret").send("t", b"1")
    with speaking(network, laboratory, listening_hall) as speaker:
        speaker.say(heartbeat("laboratory"))
        speaker.say(pack(Pull("secret", 1, 0, 0, 10, 10)))
        until(lambda: listening_hall.trouble(NotOffered))


def test_a_peer_that_refuses_is_told_about(
    pair: Pair, network: CuttableNetwork, listening_hall: Site
) -> None:
    _, laboratory = pair
    with speaking(network, laboratory, listening_hall) as speaker:
        speaker.say(pack(Refusal("another version")))
        until(lambda: listening_hall.trouble(PeerRefuses))


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_a_clock_that_is_wrong_is_told_and_messages_flow_all_the_same(
    pair: Pair, network: CuttableNetwork, listening_hall: Site, seconds: int
) -> None:
    _, laboratory = pair
    with speaking(network, laboratory, listening_hall) as speaker:
        speaker.say(heartbeat("laboratory", time.time_ns() + seconds * 10**9))
        until(lambda: listening_hall.trouble(ClockSkew))
        ahead = listening_hall.peer(laboratory)["clock_ahead_s"]
        assert ahead == pytest.approx(seconds, abs=5)
        speaker.say(pack(Pull("thermometer", 1, 0, 0, 10, 1000)))
        while not isinstance(unpack(memoryview(speaker.hear()), "hall")[0], Data):
            pass


def test_a_port_in_use_is_named(pair: Pair, network: CuttableNetwork, listening_hall: Site) -> None:
    _, laboratory = pair
    with pytest.raises(EndpointInUse, match=f"{network.port} is in use"):
        run_link(laboratory.config(listen=network.listen), laboratory.place)
