"""docs/daq.md does what it says: its samples are taken from the page and run."""

import re
import socketserver
import sys
import threading
from pathlib import Path

import pytest

from dsa_hcal_assets.daq.jobs.files import read_job
from dsa_hcal_assets.daq.jobs.types import known_types
from dsa_hcal_assets.daq.streams.interface import Policy
from dsa_hcal_assets.daq.supervisor.main import run_directory
from dsa_hcal_assets_tests.daq.running import acquisition

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "daq.md").read_text(encoding="utf-8")
SAMPLES = dict(re.findall(r"^```\w+ ([^\n]+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))


@pytest.fixture
def hall(tmp_path, monkeypatch):
    """The tutorial's package, and its job files, as a reader of the page would have them."""
    for title in SAMPLES:
        if title.startswith(("hall/", "jobs/")):
            (tmp_path / title).parent.mkdir(exist_ok=True)
            (tmp_path / title).write_text(SAMPLES[title])
    (tmp_path / "hall" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "hall"]:
        del sys.modules[name]


@pytest.fixture
def instrument():
    """A hygrometer on a port: 20 deg C, and 1 % more humidity at each reading."""

    class Conversation(socketserver.StreamRequestHandler):
        def handle(self):
            for _ in self.rfile:
                server.readings += 1
                self.wfile.write(f"20.0 {40 + server.readings % 50}.0\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation) as server:
        server.daemon_threads = True
        server.readings = 0
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def test_every_job_type_on_the_page_exists_and_every_one_is_on_the_page():
    table = PAGE[PAGE.index("| job type |") : PAGE.index("## Statistics")]
    listed = {
        name for row in re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE) for name in row.split("`")[1::2]
    }
    stores = set(re.findall(r"`(\w+)`", PAGE[PAGE.index("Stores: ") : PAGE.index("After a change of files")]))

    assert listed | stores == set(known_types())


def test_every_policy_is_on_the_page():
    assert all(f"| `{policy}`" in PAGE for policy in Policy)


def test_the_sample_of_a_file_is_valid():
    config = read_job(SAMPLES["thermometer.toml"], "thermometer.toml")

    assert (config.id, config.interval, config.stream.policy) == ("thermometer", 0.5, Policy.SPILL)


def test_the_sample_of_a_digitizer_is_valid():
    assert read_job(SAMPLES["jobs/digitizer.toml"], "digitizer.toml").type == "digitizer"


def test_the_formula_of_the_tutorial_is_right(hall):
    from hall.dew_point import dew_point

    assert dew_point(20.0, 100.0) == pytest.approx(20.0)
    # psychrometric tables: 9.3 deg C at 20 deg C and 50 %
    assert dew_point(20.0, 50.0) == pytest.approx(9.3, abs=0.05)


def test_a_silent_instrument_is_an_error_that_may_pass(hall):
    from dsa_hcal_assets.daq.jobs import JobContext
    from dsa_hcal_assets.daq.streams.opening import StreamPlace
    from dsa_hcal_assets.errors import TransientError

    config = read_job(SAMPLES["jobs/hygrometer.toml"] + "port = 1\n", "hygrometer.toml")
    from hall.hygrometer import Hygrometer

    with pytest.raises(TransientError, match=r"127\.0\.0\.1"):
        Hygrometer(config, JobContext("hall", StreamPlace(hall, shared_memory=False))).step()


def test_the_tutorial_runs_from_the_instrument_to_the_notebook(hall, instrument):
    with (hall / "jobs" / "hygrometer.toml").open("a") as file:
        file.write(f"port = {instrument.server_address[1]}\n")
    (hall / "jobs" / "supervisor.toml").write_text('id = "tutorial"\n')
    stored = hall / "data" / "dew_point.csv"

    with acquisition(hall / "jobs", hall) as until:
        until(lambda: stored.exists() and len(stored.read_text().splitlines()) > 5)
        scope = {"run_directory": run_directory(hall / "state", "tutorial")}
        exec(compile(SAMPLES["a notebook"], "a notebook", "exec"), scope)

    first_of, first_value = scope["seen"][0]
    humidity = 40 + first_of % 50
    from hall.dew_point import dew_point

    assert first_value == pytest.approx(dew_point(20.0, humidity))
    numbers = [of for of, _ in scope["seen"]]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
