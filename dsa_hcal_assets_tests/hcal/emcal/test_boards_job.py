"""The job type that polls the EMCal; what all polling jobs promise is tested with `hcal_boards`."""

import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from dsa_hcal_assets.daq.jobs import JobContext
from dsa_hcal_assets.daq.streams.opening import StreamPlace
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.hcal.emcal.boards_job import EmcalBoards, EmcalBoardsConfig
from dsa_hcal_assets.hcal.emcal.controllers import read_controllers, write_controllers
from dsa_hcal_assets.hcal.emcal.snapshot import encode, read_snapshot
from dsa_hcal_assets.simulation.boards.rack import rack_in_thread
from dsa_hcal_assets.simulation.emcal.rack import EmcalRack

EXAMPLE = Path(__file__).parents[3] / "examples" / "emcal"


@pytest.fixture
def make(tmp_path):
    """Make the job as its process would, without a broker."""

    def make(**keys):
        paths = {"controllers_file": tmp_path / "controllers.toml", "directory": tmp_path / "emcal"}
        config = EmcalBoardsConfig(type="emcal_boards", id="boards", **(paths | keys))
        return EmcalBoards(config, JobContext("hall", StreamPlace(tmp_path, shared_memory=False)))

    return make


def test_it_is_found_by_its_entry_point():
    [found] = entry_points(group="dsa_hcal_assets.daq.jobs", name="emcal_boards")
    assert found.load() is EmcalBoards


def test_each_step_leaves_one_file_and_publishes_the_same_bytes(make, tmp_path, monkeypatch):
    live = []
    with rack_in_thread(EmcalRack(7, [8])) as rack:
        write_controllers(tmp_path / "controllers.toml", rack.rack.controllers)
        job = make()
        monkeypatch.setattr(job, "publish", lambda topic, value, **facts: live.append((topic, value)))
        job.setup()
        for _ in range(2):
            job.step()
        job.teardown()
    taken = [read_snapshot(path) for path in sorted((tmp_path / "emcal").glob("*.snap"))]
    assert [snapshot.sequence for snapshot in taken] == [0, 1]
    assert [value for topic, value in live if topic == "emcal.snapshot"] == [encode(one) for one in taken]


def test_a_list_of_controllers_that_is_not_there_is_named(make, tmp_path):
    with pytest.raises(ConfigurationError, match=r"missing\.toml"):
        make(controllers_file=tmp_path / "missing.toml").setup()


def test_the_example_is_a_job_with_its_controllers():
    config = EmcalBoardsConfig.model_validate(tomllib.loads((EXAMPLE / "job.toml").read_text()))
    assert config.interval == 600
    assert [one.id for one in read_controllers(EXAMPLE / "controllers.toml")] == ["S08", "S40"]
