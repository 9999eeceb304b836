"""`dsa-hcal demo`: beside a running platform it takes other ports, and its exit code is its verdict."""

import contextlib
import os
import signal
import socket
import threading

import pytest
from click.testing import CliRunner

from dsa_hcal_assets.cli import demo as module
from dsa_hcal_assets.cli.demo import demo
from dsa_hcal_assets.demo import run as demo_run
from dsa_hcal_assets.settings import Settings


@pytest.fixture(autouse=True)
def _handler():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def platform(monkeypatch):
    """Stands in for the platform (which end_to_end starts for real): says what it was started with."""

    class Platform:
        good, wait = True, None
        settings: Settings
        options: dict

        def run(self, settings, console, **options):
            self.settings, self.options = settings, options
            if self.wait is not None:
                self.wait()
            return self.good

    platform = Platform()
    monkeypatch.setattr(demo_run, "run_demo", platform.run)
    return platform


@pytest.mark.parametrize(("good", "code"), [(True, 0), (False, 1)])
def test_the_exit_code_says_whether_everything_passed(platform, good, code):
    platform.good = good
    assert CliRunner().invoke(demo, ["--exit"]).exit_code == code
    assert platform.options["exit_when_done"] is True


def test_without_exit_it_keeps_serving_in_its_own_directory(platform, tmp_path):
    CliRunner().invoke(demo, ["--state-dir", str(tmp_path), "--minutes", "3"])
    assert platform.options == {"exit_when_done": False, "minutes": 3.0}
    assert platform.settings.state_dir == tmp_path


def test_a_busy_port_is_left_to_its_holder(platform):
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):  # held by another program: busy all the same
            holder.bind(("127.0.0.1", Settings().api_port))
        holder.listen()
        assert module._free_ports()["api_port"] == 0


@pytest.mark.parametrize(("words", "code"), [([], 0), (["--exit"], 130)], ids=["serving", "with --exit"])
def test_an_interrupt_is_a_good_end_of_serving_and_no_verdict(platform, words, code):
    def interrupted():
        raise KeyboardInterrupt

    platform.wait = interrupted
    assert CliRunner().invoke(demo, words).exit_code == code


def test_sigterm_ends_it_like_ctrl_c(platform):
    def told_to_stop():
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
        threading.Event().wait(20)

    platform.wait = told_to_stop
    assert CliRunner().invoke(demo, []).exit_code == 0
