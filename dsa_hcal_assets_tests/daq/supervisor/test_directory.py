from pathlib import Path

import pytest

from dsa_hcal_assets.daq.jobs.files import BadFile
from dsa_hcal_assets.daq.supervisor.config import (
    SupervisorConfig,
    read_supervisor_config,
    reread_supervisor_config,
)
from dsa_hcal_assets.daq.supervisor.directory import NoConfiguration, read_directory
from dsa_hcal_assets_tests.daq.supervisor.acquisition import job_text


def write(directory: Path, **files: str) -> Path:
    for name, text in files.items():
        (directory / f"{name}.toml").write_text(text)
    return directory


def numbers(identity: str, **keys: object) -> str:
    return job_text(identity, "Numbers", **keys)


def test_every_file_is_a_job_and_the_supervisors_own_is_not(tmp_path: Path):
    found = read_directory(write(tmp_path, a=numbers("x"), b=numbers("y/ü"), supervisor='id = "hall"\n'))
    assert list(found.jobs) == ["x", "y/ü"]
    assert found.problems == ()


def test_a_bad_file_does_not_keep_the_others_from_running(tmp_path: Path):
    found = read_directory(write(tmp_path, a=numbers("x"), b="type = 1\n", c="garbage"))
    assert list(found.jobs) == ["x"]
    assert [Path(problem.file).name for problem in found.problems] == ["b.toml", "c.toml"]


def test_a_file_that_has_become_bad_keeps_its_job_as_it_was(tmp_path: Path):
    before = read_directory(write(tmp_path, a=numbers("x", most=5)))
    after = read_directory(write(tmp_path, a=numbers("x", most="many")), before.jobs)
    assert after.jobs["x"].config == before.jobs["x"].config
    assert [problem.key for problem in after.problems] == ["most"]


def test_two_files_may_not_have_the_same_id(tmp_path: Path):
    found = read_directory(write(tmp_path, a=numbers("x", most=1), b=numbers("x", most=2)))
    assert found.jobs["x"].config.most == 1
    [problem] = found.problems
    assert (Path(problem.file).name, problem.key) == ("b.toml", "id")
    assert "a.toml" in problem.found


def test_the_supervisors_own_parts_keep_their_ids(tmp_path: Path):
    [problem] = read_directory(write(tmp_path, a=numbers("broker"))).problems
    assert (problem.key, problem.found) == ("id", "'broker'")


def test_jobs_that_wait_for_each_other_are_left_out_with_all_that_wait_for_them(tmp_path: Path):
    found = read_directory(
        write(
            tmp_path,
            a=numbers("a", after=["b"]),
            b=numbers("b", after=["c"]),
            c=numbers("c", after=["a"]),
            d=numbers("d", after=["a"]),
            e=numbers("e"),
        )
    )
    assert list(found.jobs) == ["e"]
    cycles = [problem.found for problem in found.problems if problem.key == "after"]
    assert len(cycles) == 3
    assert all(cycle.count(" after ") == 3 for cycle in cycles)


def test_a_job_may_not_wait_for_one_that_is_not_there(tmp_path: Path):
    [problem] = read_directory(write(tmp_path, a=numbers("a", after=["nobody"]))).problems
    assert (problem.key, problem.found) == ("after[0]", "'nobody'")


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path):
    with pytest.raises(NoConfiguration, match="no directory"):
        read_directory(tmp_path / "nowhere")


def test_the_supervisors_file_may_be_absent(tmp_path: Path):
    assert read_supervisor_config(tmp_path) == SupervisorConfig()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("id = 5\n", "id"),
        ('transport = "pigeon"\n', "transport"),
        ("[broker]\npublish_port = 70000\n", "broker.publish_port"),
        ('[control]\nlisten = "ipc:///x"\n', "control.listen"),
        ('[federation]\n[[federation.peer]]\naddress = "tcp://a:1"\n', "federation.peer[0].id"),
        ('[federation]\n[[federation.peer]]\nid = "a"\n[[federation.peer]]\nid = "a"\n', "federation.peer"),
        ('id = "a"\n[federation]\n[[federation.peer]]\nid = "a"\n', "federation"),
        ('ring_budget = "lots"\n', "ring_budget"),
        ("rings = 5\n", "rings"),
    ],
)
def test_a_mistake_in_the_supervisors_file_is_named(tmp_path: Path, text: str, key: str):
    with pytest.raises(BadFile) as caught:
        read_supervisor_config(write(tmp_path, supervisor=text))
    assert [problem.key for problem in caught.value.problems] == [key]


def test_a_running_supervisor_takes_what_it_can_of_its_changed_file_and_tells_the_rest(tmp_path: Path):
    present = read_supervisor_config(write(tmp_path, supervisor='id = "a"\n'))
    write(tmp_path, supervisor='id = "b"\nring_budget = "1 GB"\n')
    after, [problem] = reread_supervisor_config(present, tmp_path)
    assert (after.id, after.ring_budget) == ("a", 10**9)
    assert (problem.key, problem.expected) == ("id", "'a' until the supervisor is restarted")
    write(tmp_path, supervisor="garbage")
    unchanged, [problem] = reread_supervisor_config(after, tmp_path)
    assert unchanged == after
    assert problem.expected == "TOML"
