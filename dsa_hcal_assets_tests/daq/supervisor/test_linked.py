"""Two supervisors with a link between them, all from their files and keys."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsa_hcal_assets.daq.control.keys import link_directory
from dsa_hcal_assets.daq.federation.keys import allow, generate_keys
from dsa_hcal_assets_tests.daq.supervisor.whole import Whole


@pytest.fixture
def linked(tmp_path: Path) -> Iterator[tuple[Whole, Whole]]:
    """A supervisor `hall` that listens and sends, and a supervisor `office` that reads."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    options = {
        "hall": f'[federation]\nlisten = "{address}"\n[[federation.peer]]\nid = "office"\nsend = ["so*"]\n',
        "office": f'[federation]\n[[federation.peer]]\nid = "hall"\naddress = "{address}"\n',
    }
    made = []
    for identity, text in options.items():
        (tmp_path / identity).mkdir()
        made.append(Whole(tmp_path / identity, text, identity))
    hall, office = made
    certificates = {one: generate_keys(link_directory(one.run_dir)) for one in made}
    allow(link_directory(hall.run_dir), "office", certificates[office])
    allow(link_directory(office.run_dir), "hall", certificates[hall])
    yield hall, office
    for one in made:
        one.close()


def test_a_store_elsewhere_gets_everything_though_links_are_killed(linked: tuple[Whole, Whole]):
    hall, office = linked
    quick = {"restart.first_delay": "50ms"}
    hall.write("source", "Numbers", interval="5ms", most=600, **quick)
    office.write(
        "keep", "Collector", '[[input]]\nfrom = "source@hall"\n', into=str(office.directory / "kept")
    )
    hall.start()
    hall.until_running("source", "link")
    office.start()
    for one, after in ((office, 50), (hall, 200)):
        office.until(lambda after=after: len(office.kept("kept")) > after, 60)
        os.kill(one.job("link").pid, signal.SIGKILL)
    office.until(lambda: 600 in office.kept("kept"), 60)
    assert office.kept("kept") == list(range(1, 601))
    assert (office.directory / "kept").read_text().startswith("source@hall ")
