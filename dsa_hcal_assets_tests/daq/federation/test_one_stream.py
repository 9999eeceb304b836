"""The two sides of one stream, joined without a network: windows, repetitions, losses."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.daq.federation.clock import SAMPLES, PeerClock
from dsa_hcal_assets.daq.federation.incoming import IncomingStream, Window
from dsa_hcal_assets.daq.federation.outgoing import OutgoingStream
from dsa_hcal_assets.daq.federation.protocol import Data, Place, pack, unpack
from dsa_hcal_assets.daq.messages.frame import FrameDamaged
from dsa_hcal_assets.daq.streams.opening import open_reader, open_writer
from dsa_hcal_assets_tests.daq.federation.conftest import SMALL, STORE, Site, Store

WINDOW = Window(messages=10, bytes=1000)
_numbers = itertools.count()


class Joined:
    """A stream, its mirror, and what is on its way between them."""

    def __init__(self, site: Site) -> None:
        self.place, self.producer = site.place, f"p{next(_numbers)}"
        self.writer = site.writer(self.producer, "link:there")
        self.under_way: list[bytes] = []
        self.outgoing, self.incoming = self._outgoing(), self._incoming()
        self.store = Store(site, self.incoming.name)

    def flow(self) -> None:
        """Have everything that is on its way arrive, and be acknowledged, until nothing moves."""
        while self.send() or self.under_way:
            while self.under_way:
                self.arrive()
            self.acknowledge()

    def send(self) -> bool:
        batch = self.outgoing.batch()
        if batch is not None:
            self.under_way.append(pack(batch[0], batch[1]))
        return batch is not None

    def arrive(self) -> None:
        if self.under_way:
            said, frames = unpack(memoryview(self.under_way.pop(0)), "here")
            assert isinstance(said, Data)
            if not self.incoming.take(said, frames):
                self.outgoing.pull(self.incoming.pull_anew())
            self.incoming.append()

    def lose(self) -> None:
        if self.under_way:
            self.under_way.pop(0)

    def acknowledge(self) -> None:
        ack = self.incoming.ack()
        if ack is not None:
            self.outgoing.acknowledged(ack.session, Place(ack.epoch, ack.sequence))

    def lose_the_acknowledgement(self) -> None:
        self.incoming.ack()

    def heartbeat(self) -> None:
        """Tell each other what has been sent and what is held, behind all that is on its way."""
        while self.under_way:
            self.arrive()
        pull = self.incoming.missing((self.outgoing.session, self.outgoing.serial))
        if pull is not None:
            self.outgoing.pull(pull)
        self.outgoing.acknowledged(self.incoming.session, self.incoming.end)

    def restart_the_sender(self) -> None:
        self.outgoing.close()
        self.under_way.clear()
        self.outgoing = self._outgoing()

    def restart_the_receiver(self) -> None:
        self.incoming.close()
        self.incoming = self._incoming()

    def say_something(self) -> None:
        for _ in range(7):
            self.writer.send("t", bytes(20))

    def close(self) -> None:
        for end in (self.writer, self.outgoing, self.incoming, self.store):
            end.close()

    def _outgoing(self) -> OutgoingStream:
        open_end = lambda: open_reader(self.place, self.producer, "link:there")  # noqa: E731
        return OutgoingStream(self.producer, open_end, lambda topic, length: None)

    def _incoming(self) -> IncomingStream:
        mirror = open_writer(self.place, f"{self.producer}@here", SMALL, [STORE], epoch=0)
        return IncomingStream(self.producer, "here", mirror, WINDOW)


STEPS = [
    Joined.say_something,
    Joined.send,
    Joined.arrive,
    Joined.lose,
    Joined.acknowledge,
    Joined.lose_the_acknowledgement,
    Joined.heartbeat,
    Joined.restart_the_sender,
    Joined.restart_the_receiver,
]


@pytest.fixture
def joined(sites: Callable[..., Site]) -> Joined:
    joined = Joined(sites("here"))
    joined.heartbeat()
    return joined


@settings(max_examples=60)
@given(steps=st.lists(st.sampled_from(STEPS), max_size=40))
def test_whatever_is_lost_and_whoever_restarts_everything_arrives_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Callable[[Joined], object]]
) -> None:
    joined = Joined(Site(tmp_path_factory.mktemp("site"), "here", shared_memory=False))
    for step in steps:
        step(joined)
    joined.say_something()
    for _ in range(3):
        joined.heartbeat()
        joined.flow()
    last = joined.writer.last_sequence
    joined.store.until(last)
    assert joined.store.places == [(joined.writer.epoch, n) for n in range(1, last + 1)]
    assert joined.outgoing.under_way == joined.store.lost == joined.incoming.holes == 0
    joined.close()


def test_no_more_messages_are_on_their_way_than_the_window_allows(joined: Joined) -> None:
    for _ in range(100):
        joined.writer.send("t", b"")
    while joined.send():
        pass
    assert joined.outgoing.under_way == WINDOW.messages
    joined.flow()
    assert joined.incoming.appended == 100


def test_no_more_bytes_are_on_their_way_than_the_window_allows_and_one_message(joined: Joined) -> None:
    for _ in range(100):
        joined.writer.send("t", bytes(400))
    while joined.send():
        pass
    assert joined.outgoing.under_way == 3
    joined.flow()
    assert joined.incoming.appended == 100


def test_a_frame_that_changed_on_its_way_is_told_and_sent_again(joined: Joined) -> None:
    joined.writer.send("t", b"payload")
    joined.send()
    joined.under_way[0] = joined.under_way[0].replace(b"payload", b"pAyload")
    with pytest.raises(FrameDamaged, match="payload CRC"):
        joined.arrive()
    joined.heartbeat()
    joined.flow()
    joined.store.until(1)
    assert joined.store.payloads == [b"payload"]


def test_an_acknowledgement_of_an_earlier_pull_is_not_taken_for_one_of_this(joined: Joined) -> None:
    joined.say_something()
    joined.send()
    joined.outgoing.acknowledged(joined.outgoing.session - 1, Place(joined.writer.epoch, 7))
    assert joined.outgoing.under_way == 7


def test_a_late_heartbeat_does_not_make_the_clock_look_wrong() -> None:
    clock = PeerClock()
    for late in (0, 9, 3):
        clock.heard(1_000_000_000 * 100, 1_000_000_000 * (100 + late))
    assert clock.ahead == 0


def test_a_clock_that_was_set_right_is_forgiven() -> None:
    clock = PeerClock()
    clock.heard(3600 * 10**9, 0)
    assert clock.ahead == 3600
    for _ in range(SAMPLES):
        clock.heard(10**9, 10**9)
    assert clock.ahead == 0
