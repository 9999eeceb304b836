"""Two supervisors with a link between them, all from their files and keys."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from dsa_hcal_assets.daq.control.keys import link_directory
from dsa_hcal_assets.daq.federation.keys import allow, generate_keys
from dsa_hcal_assets.daq.stores.raw import read_frames
from dsa_hcal_assets_tests.daq.federation.namespaces import NoNamespaces, joined_namespaces
from dsa_hcal_assets_tests.daq.federation.network import CuttableNetwork, free_port
from dsa_hcal_assets_tests.daq.supervisor.whole import Whole

Pair = tuple[Whole, Whole]
_QUICK = {"restart.first_delay": "50ms"}


@dataclass(frozen=True)
class Cable:
    """Where one supervisor listens and the other connects, and what can be done to it."""

    listen: str
    address: str
    cut: Callable[[], None]
    restore: Callable[[], None]
    within: tuple[Sequence[str], Sequence[str]] = ((), ())


@pytest.fixture
def cable() -> Iterator[Cable]:
    """The wire of two network namespaces; a proxy that cuts where these may not be made."""
    with ExitStack() as stack:
        try:
            namespaces = stack.enter_context(joined_namespaces())
        except NoNamespaces:
            network = stack.enter_context(CuttableNetwork(free_port()))
            yield Cable(network.listen, network.address, network.cut, network.restore)
            return
        address = f"tcp://{namespaces.HALL}:5600"
        down, up = (partial(namespaces.set_interface, state) for state in ("down", "up"))
        yield Cable(address, address, down, up, (namespaces.command(0), namespaces.command(1)))


@pytest.fixture
def linked(tmp_path: Path) -> Iterator[Callable[[Cable], Pair]]:
    """A supervisor `hall` that listens and sends, and a supervisor `office` that reads."""
    made: list[Whole] = []

    def make(cable: Cable) -> Pair:
        options = {
            "hall": f'listen = "{cable.listen}"\n[[federation.peer]]\nid = "office"\nsend = ["so*"]\n',
            "office": f'[[federation.peer]]\nid = "hall"\naddress = "{cable.address}"\n',
        }
        for (identity, text), words in zip(options.items(), cable.within, strict=True):
            (tmp_path / identity).mkdir()
            made.append(Whole(tmp_path / identity, f"[federation]\n{text}", identity, words))
        hall, office = made
        certificates = {one: generate_keys(link_directory(one.run_dir)) for one in made}
        allow(link_directory(hall.run_dir), "office", certificates[office])
        allow(link_directory(office.run_dir), "hall", certificates[hall])
        return hall, office

    yield make
    for one in made:
        one.close()


def test_a_store_elsewhere_gets_everything_though_links_are_killed(linked, cable: Cable):
    hall, office = linked(cable)
    hall.write("source", "Numbers", interval="5ms", most=600, **_QUICK)
    office.write(
        "keep", "Collector", '[[input]]\nfrom = "source@hall"\n', into=str(office.directory / "kept")
    )
    hall.start()
    hall.until_running("source", "link")
    office.start()
    for one, after in ((office, 50), (hall, 200)):
        office.until(lambda after=after: len(office.kept("kept")) > after, 60)
        one.until_running("link")
        os.kill(one.job("link").pid, signal.SIGKILL)
    office.until(lambda: 600 in office.kept("kept"), 60)
    assert office.kept("kept") == list(range(1, 601))
    assert (office.directory / "kept").read_text().startswith("source@hall ")


@pytest.mark.parametrize("policy", ["spill", "block"])
def test_supervisors_in_two_network_namespaces_lose_nothing_when_the_link_is_cut_and_restored(
    linked, cable: Cable, policy: str
):
    hall, office = linked(cable)
    table = office.directory / "table"
    # a ring that is full long before the link is back
    small = {"stream.policy": policy, "stream.size": "16 KiB", "stream.segment": "16 KiB"}
    hall.write("source", "Numbers", interval="2ms", most=2000, **small)
    options = f'options = {{ path = "{table}", flush_interval = 0.1 }}\n'
    office.write("keep", "raw", f'[[input]]\nfrom = "source@hall"\n{options}')

    def stored() -> list[int]:
        path = table.with_suffix(".raw")
        return [message.sequence for message in read_frames(path)] if path.exists() else []

    def held_up() -> bool:
        """Say whether the ring has filled, and its policy had to do something about it."""
        blocked = hall.job("source").detail.startswith("blocked")
        return blocked if policy == "block" else any(hall.run_dir.glob("streams/source/*/*.segment"))

    hall.start()
    office.start()
    office.until(lambda: len(stored()) > 100, 60)
    cable.cut()
    hall.until(held_up)
    assert len(stored()) < 2000
    cable.restore()
    office.until(lambda: len(stored()) >= 2000, 60)
    assert stored() == list(range(1, 2001))
    assert office.job("keep").metrics["lost"].get("source@hall", 0) == 0
