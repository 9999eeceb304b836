"""The platform runs the acquisition jobs its settings ask for, or those of the operator's directory."""

import pytest

from dsa_hcal_assets.daq.supervisor.config import read_supervisor_config
from dsa_hcal_assets.daq.supervisor.directory import read_directory
from dsa_hcal_assets.services import acquisition
from dsa_hcal_assets.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return lambda **groups: Settings.model_validate({"state_dir": tmp_path / "state", **groups})


def configurations(directory):
    found = read_directory(directory)
    assert not found.problems
    return {identity: job.config for identity, job in found.jobs.items()}


def test_nothing_runs_when_nothing_is_asked_for(settings):
    assert not acquisition.wanted(settings())


def test_boards_supplies_and_log_become_jobs_with_the_settings_of_the_platform(settings, tmp_path):
    boards, run_number, supplies = tmp_path / 'bo"ards.toml', tmp_path / "run", tmp_path / "supplies.toml"
    hcal = {"boards_file": boards, "poll_seconds": 5, "run_number_file": run_number}
    asked = settings(
        hcal=hcal | {"supplies_file": supplies, "supply_seconds": 7, "reply_seconds": 1.5},
        rig={"log_file": tmp_path / "log ä.csv"},
    )
    directory = acquisition.job_directory(asked)
    jobs = configurations(directory)

    assert acquisition.wanted(asked)
    assert read_supervisor_config(directory).id == "platform"
    assert set(jobs) == {"hcal_boards", "hcal_supplies", "rig_log"}
    assert jobs["hcal_boards"].interval == 5
    assert jobs["hcal_boards"].boards_file == boards
    assert jobs["hcal_boards"].directory == asked.incoming / "hcal"
    assert jobs["hcal_boards"].run_number_file == run_number
    assert jobs["hcal_supplies"].interval == 7
    assert jobs["hcal_supplies"].supplies_file == supplies
    assert jobs["hcal_supplies"].directory == asked.incoming / "supplies"
    assert jobs["hcal_supplies"].run_number_file == run_number
    assert jobs["hcal_supplies"].reply == 1.5
    assert jobs["rig_log"].log_file == tmp_path / "log ä.csv"


def test_a_job_that_is_no_longer_asked_for_goes(settings, tmp_path):
    rig = {"log_file": tmp_path / "log"}
    acquisition.job_directory(settings(hcal={"boards_file": tmp_path / "boards"}, rig=rig))
    directory = acquisition.job_directory(settings(rig=rig))

    assert set(configurations(directory)) == {"rig_log"}


def test_a_directory_of_the_operator_is_taken_as_it_is(settings, tmp_path):
    asked = settings(daq={"jobs_dir": tmp_path / "mine"}, hcal={"boards_file": tmp_path / "b"})

    assert acquisition.wanted(asked)
    assert acquisition.job_directory(asked) == tmp_path / "mine"
