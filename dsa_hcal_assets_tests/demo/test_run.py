"""What the demo does around the platform: its directory, its patience, its end."""

import os
import threading
import time

import pytest
from rich.console import Console
from rich.progress import Progress

from dsa_hcal_assets.demo import run
from dsa_hcal_assets.demo.expectations import Standing
from dsa_hcal_assets.demo.run import MARKER, clear
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.processes import ProcessIdentity
from dsa_hcal_assets.services.errors import AlreadyRunning
from dsa_hcal_assets.services.status import StackStatus, write_status

DAY = "2026-01-02"
WANTED = [("rig_readings", DAY), ("rig_clean", DAY)]


class TestDirectory:
    def test_a_new_one_is_made_and_marked(self, tmp_path):
        clear(tmp_path / "a" / "demo")
        assert [path.name for path in (tmp_path / "a" / "demo").iterdir()] == [MARKER]

    def test_an_empty_one_is_taken(self, tmp_path):
        clear(tmp_path)
        assert (tmp_path / MARKER).exists()

    def test_that_of_an_earlier_demo_is_emptied(self, tmp_path):
        clear(tmp_path)
        (tmp_path / "products").mkdir()
        (tmp_path / "products" / "old").write_text("old")
        clear(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [MARKER]

    def test_any_other_is_refused_and_left_alone(self, tmp_path):
        (tmp_path / "thesis.tex").write_text("ten years")
        with pytest.raises(ConfigurationError, match=r"not of a demo.*--state-dir"):
            clear(tmp_path)
        assert (tmp_path / "thesis.tex").read_text() == "ten years"

    def test_that_of_a_running_demo_is_refused_and_left_alone(self, tmp_path):
        clear(tmp_path)
        (tmp_path / "postgres").mkdir()
        write_status(tmp_path, StackStatus(str(ProcessIdentity.of(os.getpid()))))
        with pytest.raises(AlreadyRunning, match="a platform runs on"):
            clear(tmp_path)
        assert (tmp_path / "postgres").is_dir()

    def test_that_of_a_demo_that_was_killed_is_emptied(self, tmp_path):
        clear(tmp_path)
        write_status(tmp_path, StackStatus(f"{os.getpid()}:1:another-boot"))
        clear(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [MARKER]


class TestWaiting:
    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch):
        monkeypatch.setattr(run, "LOOK_SECONDS", 0.02)
        monkeypatch.setattr(run, "BLOCKED_SECONDS", 0.3)

    @pytest.fixture
    def wait(self, database):
        def wait(seconds=20.0):
            with Progress(console=Console(quiet=True)) as bars:
                bar = bars.add_task("products", total=len(WANTED))
                seen = run._wait(database, WANTED, bars, bar, time.monotonic() + seconds)
                return [one.standing for one in seen], bars.tasks[0].completed

        return wait

    def test_it_ends_when_every_product_passed(self, wait, publish):
        publish("rig_readings", DAY, Standing.PASSED)
        later = threading.Timer(0.2, publish, ("rig_clean", DAY, Standing.WARNING))
        later.start()
        assert wait() == ([Standing.PASSED, Standing.WARNING], 2)
        later.join()

    def test_it_gives_up_at_its_deadline_with_what_there_is(self, wait, publish):
        publish("rig_readings", DAY, Standing.PASSED)
        assert wait(seconds=0.2) == ([Standing.PASSED, Standing.MISSING], 1)

    def test_a_gate_that_stays_closed_ends_it_long_before_the_deadline(self, wait, publish):
        publish("rig_readings", DAY, Standing.BLOCKED)
        begun = time.monotonic()
        assert wait(seconds=60)[0] == [Standing.BLOCKED, Standing.MISSING]
        assert time.monotonic() - begun < 20

    def test_a_gate_that_opens_again_in_time_is_no_reason_to_give_up(self, wait, publish):
        publish("rig_readings", DAY, Standing.BLOCKED)
        steps = [("rig_readings", DAY, Standing.PASSED), ("rig_clean", DAY, Standing.PASSED)]
        timers = [threading.Timer(0.1 + 0.4 * n, publish, step) for n, step in enumerate(steps)]
        for timer in timers:
            timer.start()
        assert wait()[0] == [Standing.PASSED, Standing.PASSED]
        for timer in timers:
            timer.join()
