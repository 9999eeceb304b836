"""What every job that polls a source of snapshots promises."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dsa_hcal_assets.daq.one_writer import SecondWriter, one_writer
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.hcal.acquisition.boards_job import HcalBoards, HcalBoardsConfig
from dsa_hcal_assets.hcal.controllers.boards import write_boards
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.emcal.boards_job import EmcalBoards, EmcalBoardsConfig
from dsa_hcal_assets.hcal.emcal.controllers import write_controllers
from dsa_hcal_assets.hcal.emcal.snapshot import EMCAL
from dsa_hcal_assets.hcal.snapshots.source import SnapshotSource
from dsa_hcal_assets.hcal.supplies.snapshot import SUPPLIES
from dsa_hcal_assets.hcal.supplies.supplies_job import HcalSupplies, HcalSuppliesConfig
from dsa_hcal_assets.hcal.supplies.units import write_units
from dsa_hcal_assets.simulation.boards.rack import Rack, rack_in_thread
from dsa_hcal_assets.simulation.emcal.rack import EmcalRack
from dsa_hcal_assets.simulation.supplies.bench import SimulatedSupplies, supplies_in_thread
from dsa_hcal_assets_tests.hcal.acquisition.job_making import jobs_of


@contextmanager
def boards(listed: Path) -> Iterator[None]:
    with rack_in_thread(Rack(7, ["80", "84"])) as rack:
        write_boards(listed, rack.boards)
        yield


@contextmanager
def emcal(listed: Path) -> Iterator[None]:
    rack = EmcalRack(7, [8])
    with rack_in_thread(rack):
        write_controllers(listed, rack.controllers)
        yield


@contextmanager
def supplies(listed: Path) -> Iterator[None]:
    simulated = SimulatedSupplies(7)
    with supplies_in_thread(simulated):
        write_units(listed, simulated.units)
        yield


# devices and the key of their list, the job, its files, the topic of its live copies
KINDS: tuple[Any, ...] = (
    (boards, "boards_file", HcalBoards, HcalBoardsConfig, CONTROLLERS, "hcal.snapshot"),
    (emcal, "controllers_file", EmcalBoards, EmcalBoardsConfig, EMCAL, "emcal.snapshot"),
    (supplies, "supplies_file", HcalSupplies, HcalSuppliesConfig, SUPPLIES, "hcal.supplies"),
)


class Polled(NamedTuple):
    """A source whose devices listen, and what makes jobs that poll them."""

    source: SnapshotSource[Any]
    topic: str
    list_key: str
    directory: Path
    make: Callable[..., Any]


@pytest.fixture(params=KINDS, ids=lambda kind: kind[1])
def polled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Polled]:
    devices, key, job, config, source, topic = request.param
    paths = {key: tmp_path / "listed.toml", "directory": tmp_path / "snapshots"}
    with devices(paths[key]), jobs_of(job, config, tmp_path, **paths) as make:
        yield Polled(source, topic, key, paths["directory"], make)


def test_each_step_leaves_one_file_and_publishes_the_same_bytes(
    polled: Polled, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, live = polled.make(), []
    monkeypatch.setattr(job, "publish", lambda topic, value, **facts: live.append((topic, value)))
    job.setup()
    for _ in range(3):
        job.step()
    job.teardown()

    taken = [polled.source.read(path) for path in sorted(polled.directory.glob("*.snap"))]
    assert [snapshot.sequence for snapshot in taken] == [0, 1, 2]
    copies = [value for topic, value in live if topic == polled.topic]
    assert copies == [polled.source.encode(snapshot) for snapshot in taken]


def test_a_second_one_into_the_same_directory_does_not_start(polled: Polled) -> None:
    polled.directory.mkdir()
    with one_writer(polled.directory), pytest.raises(SecondWriter):
        polled.make().setup()


def test_a_list_that_is_not_there_is_named(polled: Polled, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"missing\.toml"):
        polled.make(**{polled.list_key: tmp_path / "missing.toml"}).setup()
