"""The job type that polls the EMCal; acquisition/test_polling_jobs.py has what all polling jobs promise."""

import tomllib
from importlib.metadata import entry_points
from pathlib import Path

from dsa_hcal_assets.hcal.emcal.boards_job import EmcalBoards, EmcalBoardsConfig
from dsa_hcal_assets.hcal.emcal.controllers import read_controllers

EXAMPLE = Path(__file__).parents[3] / "examples" / "emcal"


def test_it_is_found_by_its_entry_point():
    [found] = entry_points(group="dsa_hcal_assets.daq.jobs", name="emcal_boards")
    assert found.load() is EmcalBoards


def test_the_example_is_a_job_with_its_controllers():
    config = EmcalBoardsConfig.model_validate(tomllib.loads((EXAMPLE / "job.toml").read_text()))
    assert config.interval == 600
    assert [one.id for one in read_controllers(EXAMPLE / "controllers.toml")] == ["S08", "S40"]
