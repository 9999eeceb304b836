"""Every example is without mistake, and the first one a user tries does what it says."""

import csv
import shutil
import socket
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from dsa_hcal_assets.cli.daq import daq
from dsa_hcal_assets.daq.shipped.simulated_digitizer import SimulatedDigitizer
from dsa_hcal_assets.daq.supervisor.config import read_supervisor_config
from dsa_hcal_assets.daq.supervisor.directory import read_directory
from dsa_hcal_assets.daq.supervisor.plan import make_plan
from dsa_hcal_assets_tests.daq.running import acquisition

EXAMPLES = Path(__file__).parents[2] / "examples" / "daq"
DIRECTORIES = sorted({path.parent for path in EXAMPLES.rglob("*.toml")})


def rows(file: Path) -> list[dict[str, str]]:
    if not file.exists():
        return []
    with file.open(newline="") as text:
        return list(csv.DictReader(text))


def test_there_is_an_example_of_each_kind():
    assert {str(path.relative_to(EXAMPLES)) for path in DIRECTORIES} == {
        "sensor",
        "detector",
        "raw-stream",
        "two-machines/control",
        "two-machines/field",
    }


@pytest.mark.parametrize("directory", DIRECTORIES, ids=lambda path: path.name)
def test_an_example_has_no_mistake_and_all_of_its_jobs_can_run(directory):
    config = read_supervisor_config(directory)
    found = read_directory(directory)
    plan = make_plan(config, found.jobs)

    assert (found.problems, plan.problems) == ((), ())
    assert set(found.jobs) <= set(plan.jobs)


def test_the_machines_of_the_two_machine_example_agree():
    both = EXAMPLES / "two-machines"
    field, control = read_supervisor_config(both / "field"), read_supervisor_config(both / "control")
    sent = {pattern for peer in field.federation.peer if peer.id == control.id for pattern in peer.send}
    jobs = read_directory(both / "control").jobs.values()
    wanted = {one.producers for job in jobs for one in job.config.input}

    assert [peer.id for peer in control.federation.peer] == [field.id]
    assert wanted == {"thermometer@field", "board 1@field"}
    assert sent == {"thermometer", "board*"}


def test_the_sensor_example_runs_and_keeps_every_reading(tmp_path):
    def readings():
        return [row for file in (tmp_path / "data").glob("temperature_*.csv") for row in rows(file)]

    def counted():
        return {row["job"] for row in rows(tmp_path / "data" / "statistics" / "stats.csv")}

    with acquisition(EXAMPLES / "sensor", tmp_path) as until:
        until(lambda: len(readings()) >= 5)
        until(lambda: {"thermometer", "machine", "store.csv", "watch", "alerts"} <= counted())
        until(lambda: rows(tmp_path / "data" / "statistics" / "stats_remote.csv"))

    # the seed is in the file, so the numbers are known
    kept = readings()
    assert [int(row["sequence"]) for row in kept] == list(range(1, len(kept) + 1))
    assert float(kept[0]["value_0"]) == pytest.approx(21.138233676825916)
    assert all(row["alive"] == "True" for row in rows(tmp_path / "data" / "statistics" / "stats_remote.csv"))


@pytest.mark.verify
def test_the_two_machine_example_brings_everything_over_once_the_keys_are_exchanged(tmp_path, monkeypatch):
    machines = {name: tmp_path / name for name in ("field", "control")}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for name, place in machines.items():
        shutil.copytree(EXAMPLES / "two-machines" / name, place / "config")
        options = place / "config" / "supervisor.toml"
        text = options.read_text().replace("control.example.org", "127.0.0.1").replace("0.0.0.0", "127.0.0.1")
        options.write_text(text.replace("7420", str(port)))
    data = machines["control"] / "data"

    def key(name):
        return machines[name] / "state" / "daq" / name / "link-keys" / "own.key"

    def allow(name, other):
        monkeypatch.setenv("DSA_HCAL_STATE_DIR", str(machines[name] / "state"))
        assert CliRunner().invoke(daq, ["keys", "allow", other, str(key(other)), "--link"]).exit_code == 0

    def supervisors():
        return {row["supervisor"] for row in rows(data / "statistics" / "stats_remote.csv")}

    def temperatures():
        return [row for file in data.glob("temperature_*.csv") for row in rows(file)]

    with (
        acquisition(machines["control"] / "config", machines["control"]) as until,
        acquisition(machines["field"] / "config", machines["field"]),
    ):
        until(lambda: key("control").exists() and key("field").exists())
        allow("control", "field")
        allow("field", "control")
        until(lambda: len(temperatures()) >= 5)
        until(
            lambda: (
                {row["supervisor"] for row in rows(data / "statistics" / "stats_remote.csv")} == {*machines}
            )
        )

    kept = temperatures()
    assert {row["producer"] for row in kept} == {"thermometer@field"}
    assert [int(row["sequence"]) for row in kept] == list(range(1, len(kept) + 1))
    (file,) = data.glob("samples_*.h5")
    with h5py.File(file) as samples:
        blocks = samples["messages"][:]
    board = SimulatedDigitizer(channels=16, samples=1024)
    for row in blocks:
        np.testing.assert_array_equal(row["value"], board.block(row["block"]))
    # what the board lost while its job started or waited is said, and nothing else is missing
    np.testing.assert_array_equal(blocks["block"], blocks["sequence"] - 1 + blocks["overflows"])
    assert len(blocks) > 50
