"""Mistakes in files, and what a machine may lack, are told clearly; the other jobs run."""

from contextlib import closing
from pathlib import Path

import pytest

from dsa_hcal_assets.daq.supervisor.states import State
from dsa_hcal_assets_tests.daq.jobs.test_files import BAD
from dsa_hcal_assets_tests.daq.supervisor.acquisition import Acquisition
from dsa_hcal_assets_tests.daq.supervisor.whole import Whole


@pytest.fixture
def whole(tmp_path: Path):
    whole = Whole(tmp_path)
    yield whole
    whole.close()


def test_thirty_bad_files_are_each_told_by_name_and_key_and_the_good_job_runs(whole: Whole):
    for number, (text, *_) in enumerate(BAD.values()):
        (whole.config_dir / f"bad{number}.toml").write_text(text)
    whole.write("good", "Diary", interval="50ms")
    whole.start()
    whole.until_running("good")
    problems = whole.status().problems
    for number, (_, key, expected, _) in enumerate(BAD.values()):
        [told] = [one for one in problems if f"bad{number}.toml: {key}" in one]
        assert expected in told
    assert {job.id for job in whole.status().jobs} == {"broker", "good"}
    whole.until(lambda: whole.diary("good").count("step") > 2)


@pytest.mark.parametrize("memory_root", [Path("/nowhere"), Path("/proc")], ids=["none", "not writable"])
def test_without_shared_memory_its_jobs_say_the_remedy_and_those_on_disk_run(
    tmp_path: Path, memory_root: Path
):
    into = tmp_path / "kept"
    with closing(Acquisition(tmp_path, memory_root)) as acquisition:
        acquisition.write("ring", "Numbers", interval="5ms")
        acquisition.write("disk", "Numbers", interval="5ms", most=50, **{"stream.keep": "disk"})
        acquisition.write("keep", "Collector", '[[input]]\nfrom = "*"\n', into=str(into))
        acquisition.supervisor.reload()
        acquisition.until(lambda: acquisition.job("ring").failures)
        told = acquisition.job("ring").last_failure
        acquisition.until(lambda: into.exists() and len(into.read_text().splitlines()) == 50)
    assert f"no shared memory below {memory_root}" in told
    assert 'remedy: mount it, or keep streams on disk: keep = "disk"' in told
    assert {line.split()[0] for line in into.read_text().splitlines()} == {"disk"}


@pytest.mark.parametrize("policy", ["block", "drop_oldest"])
def test_a_message_above_the_ring_size_is_told_with_both_sizes_and_the_others_run(
    acquisition: Acquisition, policy: str
):
    large = {"size": 2_000_000, "stream.size": "1 MB", "stream.policy": policy, "restart.first_delay": "1h"}
    acquisition.write("large", "synthetic_load", interval="10ms", **large)
    acquisition.write("diary", "Diary", interval="50ms")
    acquisition.supervisor.reload()
    acquisition.until(lambda: acquisition.job("large").failures)
    told = acquisition.job("large").last_failure
    assert "MessageTooLarge" in told
    assert "2000" in told
    assert "remedy" in told
    assert acquisition.job("large").state is State.BACKING_OFF
    steps = acquisition.diary("diary").count("step")
    acquisition.until(lambda: acquisition.diary("diary").count("step") > steps + 2)
