"""`dsa-hcal daq`: what an operator sees and can do, on a running supervisor."""

import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner, Result
from prometheus_client.parser import text_string_to_metric_families

import dsa_hcal_assets_tests
from dsa_hcal_assets.cli.daq import daq
from dsa_hcal_assets.daq.streams.configuration import StreamPlace
from dsa_hcal_assets.daq.streams.files import memory_directory
from dsa_hcal_assets.daq.supervisor.states import State
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets_tests.daq.supervisor.acquisition import job_text
from dsa_hcal_assets_tests.daq.supervisor.whole import Whole, processes_of


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """One supervisor for the whole module."""
    hall = Whole(tmp_path_factory.mktemp("hall"))
    hall.write("noise", "random", interval="20ms", subscribe=["alert"])
    hall.write("diary", "Diary", in_step="print", interval="1h")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(dsa_hcal_assets_tests.__file__).parents[1]))
        hall.start()
        hall.until_running("broker", "noise", "diary")
        yield hall
        hall.close()


@pytest.fixture
def run(hall: Whole):
    def run(*words: str, code: int = 0) -> Result:
        state = hall.environment()["DSA_HCAL_STATE_DIR"]
        result = CliRunner().invoke(daq, list(words), env={"DSA_HCAL_STATE_DIR": state})
        assert result.exit_code == code, result.output or result.exception
        return result

    return run


def test_status_is_a_table_for_people(run):
    lines = run("status").output.splitlines()
    [noise] = [line for line in lines if "noise" in line]
    assert "random" in noise
    assert "running" in noise
    assert "0.02 s" in noise


def test_status_is_json_for_programs(run, hall: Whole):
    found = json.loads(run("status", "--format", "json").output)
    assert found["supervisor"] == "hall/1"
    assert {job["id"]: job["state"] for job in found["jobs"]}["noise"] == "running"
    assert found["jobs"][0]["pid"] == hall.job("broker").pid


def test_status_is_text_for_prometheus(run, hall: Whole):
    hall.until(lambda: (hall.job("noise").metrics or {}).get("counters", {}).get("routes"))
    families = {
        family.name: family
        for family in text_string_to_metric_families(run("status", "--format", "prometheus").output)
    }
    states = {
        (sample.labels["job"], sample.labels["state"]): sample.value
        for sample in families["dsa_hcal_daq_job_state"].samples
    }
    assert states["noise", "running"] == 1
    assert states["noise", "crash loop"] == 0
    sent = [one.value for one in families["dsa_hcal_daq_messages"].samples if one.labels["job"] == "noise"]
    assert sum(sent) > 0


def test_top_shows_rates(run):
    lines = run("top", "--once", "--every", "2.5").output.splitlines()
    [noise] = [line.split() for line in lines if "noise" in line]
    assert noise[1] == "running"
    assert float(noise[4]) > 0


def test_jobs_are_paused_resumed_stopped_started_and_given_another_pace(run, hall: Whole):
    run("pause", "noise")
    hall.until(lambda: hall.job("noise").state is State.PAUSED)
    run("resume", "noise")
    assert "each 50ms" in run("interval", "noise", "50ms").output
    hall.until(lambda: hall.job("noise").state is State.RUNNING and hall.job("noise").interval == 0.05)
    run("stop", "noise")
    hall.until(lambda: hall.job("noise").state is State.STOPPED)
    assert "stopped by order" in run("status").output
    run("start", "noise")
    hall.until_running("noise")
    orders = [json.loads(line) for line in (hall.run_dir / "audit.jsonl").read_text().splitlines()]
    assert [one["what"] for one in orders if one["result"] == "done"][:5] == [
        "PauseJob",
        "ResumeJob",
        "SetJobInterval",
        "StopJob",
        "StartJob",
    ]


def test_a_log_is_shown_for_people_and_as_it_is(run):
    assert "INFO stdout: printed by the job" in run("log", "diary").output
    [last] = run("log", "diary", "-n", "1", "--json").output.splitlines()
    assert json.loads(last)["job"] == "diary"


def test_a_reload_tells_what_changed_and_what_is_wrong(run, hall: Whole):
    assert run("reload").output == "no changes\n"
    hall.write("new", "random", interval="1s")
    (hall.config_dir / "bad.toml").write_text("type = 5\n")
    result = run("reload")
    assert "new: added" in result.output
    assert "bad.toml: type: expected the name of a job type" in result.output
    (hall.config_dir / "bad.toml").unlink()
    (hall.config_dir / "new.toml").unlink()
    assert "new: removed" in run("reload").output


def test_a_job_outside_the_configuration_is_run(run, hall: Whole, tmp_path: Path):
    (tmp_path / "guest.toml").write_text(job_text("guest", "random"))
    run("run-job", str(tmp_path / "guest.toml"))
    hall.until_running("guest")


def test_an_order_for_a_job_that_is_not_there_says_which_there_are(run):
    result = run("stop", "nobody", code=1)
    assert "no job 'nobody'" in str(result.exception)
    assert "noise" in str(result.exception)
    assert "not a duration" in run("interval", "noise", "soon", code=2).output


def test_keys_are_made_allowed_listed_and_revoked(run, hall: Whole, tmp_path: Path):
    run("keys", "make", str(tmp_path / "alice"))
    run("keys", "allow", "alice", str(tmp_path / "alice" / "own.key"))
    assert [line.split()[0] for line in run("keys", "list").output.splitlines()[1:]] == ["alice", "local"]
    elsewhere = ("--at", hall.status().control, "--server-key", str(hall.run_dir / "control" / "own.key"),
                 "--own-keys", str(tmp_path / "alice"))  # fmt: skip
    run("resume", "noise", *elsewhere)
    assert '"who":"alice"' in (hall.run_dir / "audit.jsonl").read_text()
    run("keys", "revoke", "alice")
    assert "alice" not in run("keys", "list").output
    assert "no longer" not in run("keys", "revoke", "alice", code=1).output
    assert "--server-key" in run("resume", "noise", "--at", "tcp://a:1", code=2).output


def test_a_running_supervisors_memory_is_not_swept(run):
    assert "another supervisor runs" in str(run("sweep", code=1).exception)


def test_check_shows_who_reads_whom_and_every_mistake(tmp_path: Path):
    (tmp_path / "a.toml").write_text(job_text("a", "Numbers") + "[store_config.keep]\n")
    (tmp_path / "b.toml").write_text(job_text("keep", "Collector", into="/tmp/x"))
    result = CliRunner().invoke(daq, ["check", str(tmp_path)])
    assert result.exit_code == 0
    assert "Numbers), read by keep" in result.output
    (tmp_path / "c.toml").write_text('type = "camer"\nid = "c"\n')
    result = CliRunner().invoke(daq, ["check", str(tmp_path)])
    assert result.exit_code == 1
    assert f"{tmp_path / 'c.toml'}: type: expected one of" in result.output


def test_types_are_listed_with_their_keys():
    listed = CliRunner().invoke(daq, ["types"]).output
    assert "random " in listed
    assert "camera " in listed
    keys = CliRunner().invoke(daq, ["types", "random"]).output.splitlines()
    assert "sigma [1.0]: Its standard deviation, same unit." in keys
    assert any(line.startswith("id (required): ") for line in keys)
    assert any(line.startswith("stream.policy ['spill']: ") for line in keys)
    assert any(line.startswith("restart.budget [5]") for line in keys)


def test_without_a_supervisor_the_remedy_is_told(tmp_path: Path):
    for words in (["status"], ["stop", "a"], ["status", "--supervisor", "x"]):
        result = CliRunner().invoke(daq, words, env={"DSA_HCAL_STATE_DIR": str(tmp_path)})
        assert isinstance(result.exception, ConfigurationError)


def test_a_supervisor_that_has_ended_is_told_and_its_memory_swept(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(dsa_hcal_assets_tests.__file__).parents[1]))
    ended = Whole(tmp_path)
    ended.write("source", "Numbers", "[store_config.traces]\n[limits]\nnice = 1\n", interval="5ms")
    ended.start()
    ended.until_running("source")
    ended.kill()
    state = {"DSA_HCAL_STATE_DIR": str(tmp_path / "state")}
    result = CliRunner().invoke(daq, ["status"], env=state)
    assert result.exit_code == 3
    assert "has ended" in result.output
    memory = memory_directory(StreamPlace(ended.run_dir))
    assert memory.exists()
    psutil.wait_procs(processes_of(ended.run_dir), timeout=20)
    swept = CliRunner().invoke(daq, ["sweep"], env=state)
    assert "1 streams swept" in swept.output
    assert not memory.exists()
