"""Connections that break and processes that die: nothing is lost, doubled or out of order."""

import random
import sys
from collections.abc import Iterator

import pytest

from dsa_hcal_assets.daq.federation.config import PeerConfig
from dsa_hcal_assets.daq.federation.troubles import PeerAway
from dsa_hcal_assets.daq.streams.interface import StreamWriter
from dsa_hcal_assets_tests.daq.federation.conftest import Site, Store, until
from dsa_hcal_assets_tests.daq.federation.namespaces import Namespaces, NoNamespaces, joined_namespaces
from dsa_hcal_assets_tests.daq.federation.network import CuttableNetwork

Pair = tuple[Site, Site]
PRODUCERS = ("noise.1", "noise.2")


class Traffic:
    """Producers in the hall, stores in the laboratory, and the count of both."""

    def __init__(self, pair: Pair) -> None:
        self.hall, self.laboratory = pair
        self.writers: list[StreamWriter] = [self.hall.writer(name, "link:laboratory") for name in PRODUCERS]
        self.stores = [Store(self.laboratory, f"{name}@hall") for name in PRODUCERS]

    def some(self, count: int) -> None:
        """Send `count` messages of each producer, reading what arrives meanwhile."""
        for _ in range(count):
            for writer, store in zip(self.writers, self.stores, strict=True):
                writer.send("t", bytes(500), timeout=60)
                store.read()

    def grows(self, by: int) -> None:
        """Read until so many more messages of the first producer have arrived."""
        self.stores[0].until(min(len(self.stores[0].places) + by, self.writers[0].last_sequence))

    def reconcile(self) -> None:
        """Read all there is, and compare with all that was sent."""
        for writer, store in zip(self.writers, self.stores, strict=True):
            store.until(writer.last_sequence)
            assert store.places == [(writer.epoch, n) for n in range(1, writer.last_sequence + 1)]
            assert store.lost == 0


@pytest.fixture
def traffic(pair: Pair) -> Iterator[Traffic]:
    traffic = Traffic(pair)
    yield traffic
    for end in (*traffic.writers, *traffic.stores):
        end.close()


def start(traffic: Traffic, network: CuttableNetwork) -> None:
    hall, laboratory = traffic.hall, traffic.laboratory
    hall.start(hall.config(PeerConfig(id="laboratory", send=PRODUCERS), listen=network.listen))
    laboratory.start(laboratory.config(PeerConfig(id="hall", address=network.address)))


def test_a_connection_cut_in_the_middle_of_messages_loses_none(
    traffic: Traffic, network: CuttableNetwork
) -> None:
    start(traffic, network)
    for _ in range(8):
        traffic.some(150)
        network.cut()
        traffic.some(50)
        network.restore()
        traffic.grows(1)
    traffic.reconcile()


def test_a_cable_that_is_pulled_and_put_back_loses_nothing(
    traffic: Traffic, network: CuttableNetwork
) -> None:
    start(traffic, network)
    traffic.some(200)
    traffic.grows(1)
    network.silence()
    traffic.some(300)
    until(lambda: traffic.hall.trouble(PeerAway) and traffic.laboratory.trouble(PeerAway))
    network.restore()
    traffic.some(100)
    traffic.reconcile()
    until(lambda: traffic.hall.peer(traffic.laboratory)["present"])


def test_links_killed_at_random_lose_nothing(traffic: Traffic, network: CuttableNetwork) -> None:
    hall, laboratory = traffic.hall, traffic.laboratory
    configs = {
        hall: hall.config(PeerConfig(id="laboratory", send=PRODUCERS), listen=network.listen),
        laboratory: laboratory.config(PeerConfig(id="hall", address=network.address)),
    }
    for site, config in configs.items():
        site.spawn(config)
    chance = random.Random(5)
    for _ in range(6):
        traffic.grows(1)
        traffic.some(chance.randrange(20, 200))
        victim = chance.choice([hall, laboratory])
        victim.kill()
        traffic.some(50)
        victim.spawn(configs[victim])
    traffic.reconcile()


def test_links_in_two_network_namespaces_lose_nothing_when_the_interface_goes_down(
    traffic: Traffic, namespaces: Namespaces
) -> None:
    hall, laboratory = traffic.hall, traffic.laboratory
    listen = f"tcp://{namespaces.HALL}:5600"
    configs = {
        hall: hall.config(PeerConfig(id="laboratory", send=PRODUCERS), listen=listen),
        laboratory: laboratory.config(PeerConfig(id="hall", address=listen)),
    }
    for which, (site, config) in enumerate(configs.items()):
        program = [sys.executable, "-c", LINK_PROGRAM, config.model_dump_json(), str(site.place.run_dir)]
        namespaces.spawn(which, program)
    traffic.some(100)
    traffic.grows(1)
    for _ in range(2):
        namespaces.set_interface("down")
        traffic.some(300)
        namespaces.set_interface("up")
        traffic.grows(1)
    traffic.some(100)
    traffic.reconcile()


@pytest.fixture
def namespaces() -> Iterator[Namespaces]:
    try:
        with joined_namespaces() as namespaces:
            yield namespaces
    except NoNamespaces as reason:
        pytest.skip(f"NOT RUN: {reason}")


LINK_PROGRAM = """
import sys
from pathlib import Path
from dsa_hcal_assets.daq.federation.config import LinkConfig
from dsa_hcal_assets.daq.federation.link import run_link
from dsa_hcal_assets.daq.streams.opening import StreamPlace
run_link(LinkConfig.model_validate_json(sys.argv[1]), StreamPlace(Path(sys.argv[2])))
"""
