import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.processes import ProcessIdentity, wait_until_gone
from dsa_hcal_assets.services.process import Service, ServiceProcess
from dsa_hcal_assets.services.status import State
from dsa_hcal_assets.services.supervisor import Patience, Supervisor

QUICK = Patience(
    first_delay=0.05,
    longest_delay=0.4,
    budget=3,
    budget_window=30,
    starting_interval=0.05,
    healthy_interval=0.05,
    unhealthy_limit=0.5,
)


class Group:
    """A supervisor driven by the test, on shell commands."""

    def __init__(self, tmp_path: Path) -> None:
        self.directory = tmp_path
        self.services: list[Service] = []
        self.supervisor: Supervisor | None = None

    def add(
        self, name: str, command: str, *, stop: signal.Signals = signal.SIGTERM, **options
    ) -> ServiceProcess:
        member = ServiceProcess(
            ("sh", "-c", command),
            self.directory / f"{name}.log",
            os.environ,
            stop,
            options.pop("retire", None),
        )
        self.services.append(Service(name, member, **options))
        return member

    def until(self, condition, seconds: float = 10.0) -> None:
        self.supervisor = self.supervisor or Supervisor(self.services, QUICK)
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.supervisor.status()
            self.supervisor.step()
            time.sleep(0.01)

    def state(self, name: str) -> State:
        return self.supervisor.status()[name].state if self.supervisor else State.WAITING

    def until_state(self, name: str, state: State) -> None:
        self.until(lambda: self.state(name) is state)


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    group = Group(tmp_path)
    yield group
    if group.supervisor is not None:
        group.supervisor.stop()


def test_a_service_is_ready_when_its_probe_says_so(group: Group, tmp_path: Path):
    group.add("one", f"sleep 0.3; touch {tmp_path}/up; sleep 300", ready=_exists(tmp_path / "up"))
    group.until_state("one", State.STARTING)
    assert not (tmp_path / "up").exists()
    group.until_state("one", State.READY)


def test_services_start_in_the_order_of_readiness(group: Group, tmp_path: Path):
    group.add("second", f"test -e {tmp_path}/up && sleep 300", after=("first",))
    group.add("first", f"sleep 0.2; touch {tmp_path}/up; sleep 300", ready=_exists(tmp_path / "up"))
    group.until_state("second", State.READY)
    assert group.supervisor.status()["second"].restarts == 0


def test_a_job_done_once_lets_others_start(group: Group, tmp_path: Path):
    group.add("prepare", f"touch {tmp_path}/done", once=True)
    group.add("server", "sleep 300", after=("prepare",))
    group.until_state("server", State.READY)
    assert group.state("prepare") is State.DONE


def test_a_job_that_fails_is_tried_again(group: Group, tmp_path: Path):
    group.add("prepare", f"test -e {tmp_path}/second || {{ touch {tmp_path}/second; exit 1; }}", once=True)
    group.until_state("prepare", State.DONE)
    assert group.supervisor.status()["prepare"].restarts == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_service_that_dies_is_started_again(group: Group, number: signal.Signals):
    member = group.add("one", "sleep 300")
    group.until_state("one", State.READY)
    first = member.pid
    os.kill(first, number)
    group.until(lambda: member.pid not in (None, first) and group.state("one") is State.READY)
    assert group.supervisor.status()["one"].restarts == 1


def test_a_crash_loop_is_reported_with_the_last_words_while_others_run(group: Group):
    group.add("good", "sleep 300")
    group.add("bad", "echo port is taken; exit 3")
    group.until_state("bad", State.CRASH_LOOP)
    found = group.supervisor.status()["bad"]
    assert found.detail == "exit code 3: port is taken"
    assert found.restarts == QUICK.budget + 1
    assert group.state("good") is State.READY


def test_a_crash_loop_ends_when_its_cause_does(group: Group, tmp_path: Path):
    group.add("bad", f"test -e {tmp_path}/mended && sleep 300")
    group.until_state("bad", State.CRASH_LOOP)
    (tmp_path / "mended").touch()
    group.until_state("bad", State.READY)


def test_a_command_that_does_not_exist_is_a_failure_like_others(group: Group):
    member = ServiceProcess(("/no/such/program",), group.directory / "log", os.environ)
    group.services.append(Service("bad", member))
    group.until_state("bad", State.CRASH_LOOP)


def test_a_service_that_hangs_is_started_again(group: Group, tmp_path: Path):
    (tmp_path / "up").touch()
    member = group.add("one", "sleep 300", ready=_exists(tmp_path / "up"))
    group.until_state("one", State.READY)
    first = member.pid
    (tmp_path / "up").unlink()
    group.until_state("one", State.UNHEALTHY)
    group.until(lambda: member.pid not in (None, first))
    (tmp_path / "up").touch()
    group.until_state("one", State.READY)


def test_a_service_that_recovers_is_left_alone(group: Group, tmp_path: Path):
    (tmp_path / "up").touch()
    member = group.add("one", "sleep 300", ready=_exists(tmp_path / "up"))
    group.until_state("one", State.READY)
    first = member.pid
    (tmp_path / "up").unlink()
    group.until_state("one", State.UNHEALTHY)
    (tmp_path / "up").touch()
    group.until_state("one", State.READY)
    assert member.pid == first


def test_a_service_not_ready_in_time_is_started_again(group: Group):
    group.add("slow", "sleep 300", ready=lambda: "never", start_seconds=0.2)
    group.until(lambda: group.supervisor.status()["slow"].restarts >= 1)
    assert "never" in group.supervisor.status()["slow"].detail


def test_a_probe_that_raises_counts_as_not_ready(group: Group):
    def probe() -> str | None:
        raise RuntimeError("odd")

    group.add("one", "sleep 300", ready=probe)
    group.until(lambda: "odd" in group.supervisor.status()["one"].detail if group.supervisor else False)


def test_a_probe_that_hangs_does_not_hold_up_the_others(group: Group):
    group.add("hung", "sleep 300", ready=lambda: time.sleep(8) or None)
    group.add("one", "sleep 300")
    begun = time.monotonic()
    group.until_state("one", State.READY)
    assert time.monotonic() - begun < 6


def test_services_end_stage_by_stage(group: Group, tmp_path: Path):
    for name, stage in (("database", 90), ("producer", 10), ("server", 50)):
        trap = f"trap 'echo {name} >> {tmp_path}/order; exit 0' TERM"
        group.add(name, f"{trap}; while :; do sleep 0.05; done", stop_stage=stage)
    group.until(lambda: all(group.state(name) is State.READY for name in ("database", "producer", "server")))
    time.sleep(0.2)
    group.supervisor.stop()
    assert (tmp_path / "order").read_text().split() == ["producer", "server", "database"]
    assert group.state("database") is State.STOPPED


def test_a_service_deaf_to_its_signal_is_killed_with_all_it_started(group: Group, tmp_path: Path):
    code = f"trap '' TERM INT; sleep 300 & echo $! > {tmp_path}/pid; while :; do sleep 1; done"
    member = group.add("deaf", code, grace_seconds=0.3)
    group.until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
    child = ProcessIdentity.of(int((tmp_path / "pid").read_text()))
    leader = ProcessIdentity.of(member.pid)
    group.supervisor.stop()
    assert not leader.alive()
    assert wait_until_gone(child, 5)


def test_what_a_dead_service_left_in_its_group_is_killed(group: Group, tmp_path: Path):
    group.add("one", f"sleep 300 & echo $! > {tmp_path}/pid; exit 1")
    group.until_state("one", State.BACKING_OFF)
    assert wait_until_gone_number(int((tmp_path / "pid").read_text()))


def test_reload_starts_those_with_code_anew_and_lets_work_in_hand_finish(group: Group, tmp_path: Path):
    plain = group.add("plain", "sleep 300")
    code = group.add("code", "sleep 300", reload=True)
    host = group.add(
        "host",
        f"trap 'touch {tmp_path}/retired' HUP; trap 'exit 0' TERM; while :; do sleep 0.05; done",
        reload=True,
        retire=signal.SIGHUP,
    )
    group.until(lambda: all(group.state(name) is State.READY for name in ("plain", "code", "host")))
    time.sleep(0.2)
    before = (plain.pid, code.pid, host.pid)
    old = ProcessIdentity.of(host.pid)
    group.supervisor.reload()
    group.until(lambda: all(group.state(name) is State.READY for name in ("plain", "code", "host")))
    assert plain.pid == before[0]
    assert code.pid != before[1]
    assert host.pid != before[2]
    group.until(lambda: (tmp_path / "retired").exists())
    assert old.alive()
    group.supervisor.stop()
    assert wait_until_gone(old, 5)


def test_waiting_for_an_unknown_service_is_refused(group: Group):
    group.add("one", "true", after=("nobody",))
    with pytest.raises(ConfigurationError, match="nobody"):
        Supervisor(group.services)


def test_a_large_log_is_turned_over_at_a_start(group: Group, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dsa_hcal_assets.services.process.LARGEST_SERVICE_LOG", 10)
    (group.directory / "one.log").write_text("x" * 20)
    group.add("one", "echo new; sleep 300")
    group.until_state("one", State.READY)
    group.until(lambda: (group.directory / "one.log").read_text() == "new\n")
    assert (group.directory / "one.log.1").read_text() == "x" * 20


def test_children_are_known_until_they_are_collected(group: Group):
    member = group.add("one", f"exec {sys.executable} -c 'import time; time.sleep(300)'")
    group.until_state("one", State.READY)
    assert group.supervisor.children() == {member.pid}
    group.supervisor.stop()
    assert group.supervisor.children() == set()


def wait_until_gone_number(pid: int) -> bool:
    try:
        return wait_until_gone(ProcessIdentity.of(pid), 5)
    except ProcessLookupError:
        return True


def _exists(path: Path):
    return lambda: None if path.exists() else f"no {path}"
