"""The state of the machine agrees with what the system itself says."""

import shutil
from pathlib import Path

import psutil
import pytest

from dsa_hcal_assets.daq.shipped.measuring import machine_state


def test_memory_and_disk_are_those_of_the_system(tmp_path):
    state = machine_state([tmp_path])

    assert state["memory_total_bytes"] == psutil.virtual_memory().total
    assert state[f"disk_total_bytes.{tmp_path}"] == shutil.disk_usage(tmp_path).total
    assert 0 < state["memory_available_bytes"] <= state["memory_total_bytes"]


def test_a_path_that_cannot_be_asked_keeps_its_columns():
    missing = Path("/nowhere/at/all")

    assert machine_state([missing])[f"disk_free_bytes.{missing}"] is None
    assert machine_state([missing]).keys() == machine_state([missing]).keys()


def test_temperatures_are_named_by_chip_and_sensor(monkeypatch):
    entry = type("Entry", (), {"label": "", "current": 41.5})
    named = type("Entry", (), {"label": "Package id 0", "current": 50.0})
    monkeypatch.setattr(psutil, "sensors_temperatures", lambda: {"coretemp": [named, entry]}, raising=False)

    state = machine_state([])

    assert state["temperature_celsius.coretemp.Package id 0"] == 50.0
    assert state["temperature_celsius.coretemp.1"] == 41.5


@pytest.mark.parametrize("absent", ["sensors_temperatures"])
def test_a_system_without_sensors_has_no_temperatures(monkeypatch, absent):
    monkeypatch.delattr(psutil, absent, raising=False)

    assert not [name for name in machine_state([]) if name.startswith("temperature")]
