"""A package that nobody here knows of brings a job type and a store type, each one class."""

import os
from pathlib import Path

import pytest

from dsa_hcal_assets_tests.daq.supervisor.whole import Whole

PACKAGE = {
    "lab_daq/__init__.py": "",
    "lab_daq/pulser.py": """
from dsa_hcal_assets.daq.jobs import Job, JobConfig


class PulserConfig(JobConfig):
    pulses: int


class Pulser(Job[PulserConfig]):
    Config = PulserConfig

    def setup(self):
        self.pulse = 0

    def step(self):
        self.pulse += 1
        self.send("pulses", {"n": self.pulse})
        if self.pulse == self.config.pulses:
            self.finish()
""",
    "lab_daq/lines.py": """
import os
from pathlib import Path

from dsa_hcal_assets.daq.stores.buffered import BufferedSink
from dsa_hcal_assets.daq.stores.options import StoreOptions
from dsa_hcal_assets.daq.stores.progress import Progress
from dsa_hcal_assets.daq.stores.store_job import StoreJob


class LinesOptions(StoreOptions):
    path: Path


def line(message):
    names = message.producer, message.epoch, message.sequence
    return " ".join(map(str, names)).encode() + b" " + message.payload + b"\\n"


class LinesSink(BufferedSink[bytes]):
    # a line is `producer epoch sequence payload`: what it has is its own progress
    def __init__(self, options):
        self.file = options.path.open("a+b")
        self.file.seek(0)
        lines = [line.split(b" ", 3)[:3] for line in self.file]
        super().__init__(str(options.path), Progress((p.decode(), int(e), int(s)) for p, e, s in lines))

    def _prepare(self, messages):
        return [(m, line(m)) for m in messages], []

    def _commit(self):
        self.file.writelines(line for _, line in self._pending)
        self.file.flush()
        os.fsync(self.file.fileno())
        self._stored.advance([message for message, _ in self._pending])
        self._pending = []
        return []

    def close(self):
        self.file.close()


class LinesStore(StoreJob):
    Options = LinesOptions

    def open_sink(self, options):
        return LinesSink(options)
""",
    "lab_daq-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: lab-daq\nVersion: 1.0\n",
    "lab_daq-1.0.dist-info/entry_points.txt": """
[dsa_hcal_assets.daq.jobs]
lab_pulser = lab_daq.pulser:Pulser
lab_lines = lab_daq.lines:LinesStore
""",
}


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A directory of installed packages with one more in it."""
    site = tmp_path / "site"
    for name, text in PACKAGE.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return site


def test_a_job_and_a_store_of_another_package_are_found_checked_and_run(tmp_path: Path, installed: Path):
    hall = Whole(tmp_path)
    into = tmp_path / "lines"
    hall.write(
        "pulser", "lab_pulser", f'[store_config.lab_lines]\npath = "{into}"\n', pulses=30, interval="5ms"
    )
    hall.write("wrong", "lab_pulser", '[store_config.lab_lines]\npaht = "x"\n', pulses=30)
    hall.start(PYTHONPATH=os.pathsep.join([str(installed), os.environ["PYTHONPATH"]]))
    try:
        hall.until(lambda: into.exists() and len(into.read_text().splitlines()) == 30)
        [problem] = hall.status().problems
        assert "wrong.toml: store_config.lab_lines.paht" in problem
        assert "did you mean 'path'?" in problem
        assert hall.stop() == 0
    finally:
        hall.close()
    lines = [line.split() for line in into.read_text().splitlines()]
    assert [(line[0], int(line[2]), line[3]) for line in lines] == [
        ("pulser", n, f'{{"n":{n}}}') for n in range(1, 31)
    ]
