"""Supervisors of acquisition jobs are told while they run; of one that has ended only that it has."""

import os
import subprocess

import pytest

from dsa_hcal_assets.daq.statistics.metrics import JobMetrics
from dsa_hcal_assets.daq.supervisor.states import JobStatus, State
from dsa_hcal_assets.daq.supervisor.status import SupervisorStatus, write_status
from dsa_hcal_assets.processes import ProcessIdentity
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web.metrics.acquisition import acquisition_metrics


@pytest.fixture
def samples(tmp_path):
    def samples():
        return {
            (sample.name.removeprefix("dsa_hcal_daq_"), *sample.labels.values()): sample.value
            for family in acquisition_metrics(Settings(state_dir=tmp_path))
            for sample in family.samples
        }

    return samples


def wrote(state_dir, supervisor, process, *jobs):
    directory = state_dir / "daq" / supervisor
    directory.mkdir(parents=True)
    status = SupervisorStatus(
        supervisor, (), str(process), "2026-01-02T00:00:00Z", "/config", "", ("a mistake",), jobs
    )
    write_status(directory, status)


def test_without_acquisition_there_is_nothing(samples):
    assert samples() == {}


def test_jobs_of_all_running_supervisors_are_told(tmp_path, samples):
    counted = JobMetrics("hall", "noise", "random")
    counted.sent("noise", 100)
    counted.queued("pump", 7)
    job = JobStatus(
        "noise", "random", "noise.toml", State.RUNNING, metrics=counted.as_record(), memory=5000, cpu=0.25
    )
    me = ProcessIdentity.of(os.getpid())
    wrote(tmp_path, "hall", me, job)
    wrote(tmp_path, "lab", me, JobStatus("camera", "camera", "camera.toml", State.CRASH_LOOP, failures=5))
    found = samples()
    assert found["supervisor_up", "hall"] == found["supervisor_up", "lab"] == 1
    noise, camera = ("hall", "noise", "random"), ("lab", "camera", "camera")
    assert (found["job_state", *noise, "running"], found["job_state", *noise, "crash loop"]) == (1, 0)
    assert (found["job_state", *camera, "crash loop"], found["job_failures", *camera]) == (1, 5)
    assert (found["job_memory_bytes", *noise], found["job_cpu_ratio", *noise]) == (5000, 0.25)
    assert ("job_cpu_ratio", *camera) not in found
    assert found["messages_total", *noise, "out", "noise", "noise"] == 1
    assert found["bytes_total", *noise, "out", "noise", "noise"] == 100
    assert found["queue", *noise, "pump"] == 7
    assert found["problems", "hall"] == 1


def test_a_supervisor_that_was_killed_is_down_and_its_jobs_are_not_shown(tmp_path, samples):
    process = subprocess.Popen(["sleep", "60"])
    identity = ProcessIdentity.of(process.pid)
    process.kill()
    process.wait()
    wrote(tmp_path, "hall", identity, JobStatus("noise", "random", "noise.toml", State.RUNNING))
    assert samples() == {("supervisor_up", "hall"): 0}
