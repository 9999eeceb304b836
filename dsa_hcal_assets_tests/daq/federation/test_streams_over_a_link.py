"""Kept streams reach another supervisor: everything, once, in order."""

from collections.abc import Callable

import pytest

from dsa_hcal_assets.daq.federation.config import PeerConfig
from dsa_hcal_assets.daq.streams.interface import Policy
from dsa_hcal_assets.daq.streams.opening import StreamConfig, register_reader
from dsa_hcal_assets_tests.daq.federation.conftest import Site, Store, until
from dsa_hcal_assets_tests.daq.federation.network import CuttableNetwork

Pair = tuple[Site, Site]


def connect(pair: Pair, network: CuttableNetwork, *producers: str, **options: object) -> None:
    """Start both links: the hall listens and sends, the laboratory connects and takes."""
    hall, laboratory = pair
    hall.start(hall.config(PeerConfig(id="laboratory", send=producers), listen=network.listen))
    laboratory.start(laboratory.config(PeerConfig(id="hall", address=network.address), **options))


def test_a_stream_arrives_whole_under_the_name_of_its_producer_and_supervisor(
    pair: Pair, network: CuttableNetwork
) -> None:
    hall, laboratory = pair
    writer = hall.writer("thermometer", "link:laboratory")
    connect(pair, network, "thermometer")
    sent = [writer.send("temperature.hall", f"{n}".encode(), attributes={"n": n}) for n in range(2000)]
    store = Store(laboratory, "thermometer@hall")
    store.until(2000)
    assert store.places == [(writer.epoch, sequence) for sequence in sent]
    assert store.payloads == [f"{n}".encode() for n in range(2000)]
    assert store.lost == 0


def test_what_was_sent_before_the_peer_was_ever_there_arrives_too(
    pair: Pair, network: CuttableNetwork
) -> None:
    hall, laboratory = pair
    writer = hall.writer("thermometer", "link:laboratory")
    for _ in range(500):
        writer.send("t", b"early")
    connect(pair, network, "thermometer")
    writer.send("t", b"late")
    store = Store(laboratory, "thermometer@hall")
    store.until(501)
    assert store.payloads == [b"early"] * 500 + [b"late"]


def test_both_directions_go_over_one_connection(pair: Pair, network: CuttableNetwork) -> None:
    hall, laboratory = pair
    hall.writer("a", "link:laboratory").send("t", b"from the hall")
    laboratory.writer("a", "link:hall").send("t", b"from the laboratory")
    hall.start(hall.config(PeerConfig(id="laboratory", send=("a",)), listen=network.listen))
    laboratory.start(laboratory.config(PeerConfig(id="hall", address=network.address, send=("a",))))
    here, there = Store(hall, "a@laboratory"), Store(laboratory, "a@hall")
    here.until(1)
    there.until(1)
    assert (here.payloads, there.payloads) == ([b"from the laboratory"], [b"from the hall"])


def test_ids_may_hold_any_characters(sites: Callable[..., Site], network: CuttableNetwork) -> None:
    hall, laboratory = sites("hall/1 ü.@"), sites("laboratory")
    hall.lets_in(laboratory)
    laboratory.lets_in(hall)
    odd = "a/b@c *?[x] \N{SNOWMAN}"
    hall.writer(odd, "link:laboratory").send("t", b"1")
    hall.start(hall.config(PeerConfig(id="laboratory", send=(odd,)), listen=network.listen))
    laboratory.start(laboratory.config(PeerConfig(id=hall.name, address=network.address)))
    store = Store(laboratory, f"{odd}@{hall.name}")
    store.until(1)
    assert store.payloads == [b"1"]


def test_only_what_is_wanted_is_taken(pair: Pair, network: CuttableNetwork) -> None:
    hall, laboratory = pair
    for producer in ("noise.1", "camera"):
        hall.writer(producer, "link:laboratory").send("t", b"1")
    hall.start(hall.config(PeerConfig(id="laboratory", send=("noise.1", "camera")), listen=network.listen))
    peer = PeerConfig(id="hall", address=network.address, receive=("noise.*",))
    laboratory.start(laboratory.config(peer))
    Store(laboratory, "noise.1@hall").until(1)
    until(lambda: hall.peer(laboratory)["sending"]["noise.1"]["sent"] == 1)
    until(lambda: laboratory.peer(hall).get("receiving"))
    assert list(laboratory.peer(hall)["receiving"]) == ["noise.1"]
    assert hall.peer(laboratory)["sending"]["camera"]["sent"] == 0


def test_a_message_longer_than_the_window_passes_and_nothing_more_is_on_its_way(
    pair: Pair, network: CuttableNetwork
) -> None:
    hall, laboratory = pair
    writer = hall.writer("camera", "link:laboratory", config=StreamConfig(size=32 << 20))
    payloads = [bytes([n]) * (3 << 20) for n in range(4)]
    for payload in payloads:
        writer.send("frame", payload)
    connect(pair, network, "camera", window_bytes=1 << 20, mirror=StreamConfig(size=32 << 20))
    store = Store(laboratory, "camera@hall")
    store.until(4)
    assert store.payloads == payloads


def test_a_mirror_without_room_holds_the_sender_up_and_nothing_is_lost(
    pair: Pair, network: CuttableNetwork
) -> None:
    hall, laboratory = pair
    writer = hall.writer("thermometer", "link:laboratory")
    small = StreamConfig(policy=Policy.BLOCK, size=64 << 10)
    for n in range(3000):
        writer.send("t", f"{n}".encode())
    Store(laboratory, "thermometer@hall").close()  # registered, and reads nothing for now
    connect(pair, network, "thermometer", mirror=small, window_messages=100)
    until(lambda: laboratory.peer(hall).get("receiving", {}).get("thermometer", {}).get("waiting"))
    sending = hall.peer(laboratory)["sending"]["thermometer"]
    assert sending["under_way"] <= 100
    assert sending["sent"] < 3000
    store = Store(laboratory, "thermometer@hall")
    store.until(3000)
    assert store.payloads == [f"{n}".encode() for n in range(3000)]


def test_the_stream_here_lets_go_of_what_the_other_side_holds(pair: Pair, network: CuttableNetwork) -> None:
    hall, laboratory = pair
    config = StreamConfig(policy=Policy.BLOCK, size=64 << 10)
    writer = hall.writer("thermometer", "link:laboratory", config=config)
    connect(pair, network, "thermometer")
    store = Store(laboratory, "thermometer@hall")
    for _ in range(2000):  # many times what the stream has room for
        writer.send("t", bytes(200), timeout=60)
        store.read()
    store.until(2000)
    assert store.lost == 0


def test_holes_are_counted_where_the_origin_had_to_drop(pair: Pair, network: CuttableNetwork) -> None:
    hall, laboratory = pair
    config = StreamConfig(policy=Policy.DROP_OLDEST, size=64 << 10)
    writer = hall.writer("thermometer", "link:laboratory", config=config)
    connect(pair, network, "thermometer")
    store = Store(laboratory, "thermometer@hall")
    writer.send("t", b"first")
    store.until(1)
    until(lambda: not hall.peer(laboratory)["sending"]["thermometer"]["under_way"])
    hall.stop()
    for _ in range(2000):
        writer.send("t", bytes(200))
    last = writer.send("t", b"last")
    hall.start(hall.config(PeerConfig(id="laboratory", send=("thermometer",)), listen=network.listen))
    until(lambda: store.read() is not None and store.payloads[-1] == b"last")
    missing = last - len(store.places)
    assert missing > 0
    until(lambda: laboratory.peer(hall)["receiving"]["thermometer"]["holes"] == missing)
    assert store.lost == missing
    until(lambda: hall.peer(laboratory)["sending"]["thermometer"]["lost"] == missing)


def test_a_stream_begun_anew_follows_the_old_one(pair: Pair, network: CuttableNetwork) -> None:
    hall, laboratory = pair
    writer = hall.writer("thermometer", "link:laboratory")
    connect(pair, network, "thermometer")
    first, old = writer.send("t", b"old"), writer.epoch
    writer.close()
    # a ring of another size is another stream
    writer = hall.writer("thermometer", config=StreamConfig(size=8 << 20))
    second = writer.send("t", b"new")
    store = Store(laboratory, "thermometer@hall")
    store.until(2)
    assert writer.epoch > old
    assert store.places == [(old, first), (writer.epoch, second)]


@pytest.mark.parametrize("keep", ["memory", "disk"])
def test_without_shared_memory_it_works_as_well(
    sites: Callable[..., Site], network: CuttableNetwork, keep: str
) -> None:
    hall, laboratory = sites("hall", shared_memory=False), sites("laboratory", shared_memory=False)
    hall.lets_in(laboratory)
    laboratory.lets_in(hall)
    writer = hall.writer("thermometer", "link:laboratory", config=StreamConfig(keep=keep))
    connect((hall, laboratory), network, "thermometer")
    for n in range(300):
        writer.send("t", f"{n}".encode())
    store = Store(laboratory, "thermometer@hall")
    store.until(300)
    assert store.payloads == [f"{n}".encode() for n in range(300)]


def test_messages_wait_for_a_reader_registered_with_the_mirror(pair: Pair, network: CuttableNetwork) -> None:
    hall, laboratory = pair
    register_reader(hall.place, "thermometer", "link:laboratory")
    connect(pair, network, "thermometer")
    writer = hall.writer("thermometer")
    for _ in range(100):
        writer.send("t", b"1")
    until(lambda: laboratory.peer(hall).get("receiving", {}).get("thermometer", {}).get("appended") == 100)
    store = Store(laboratory, "thermometer@hall")
    store.until(100)
