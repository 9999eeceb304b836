"""A disk with little room is found by the limits of the settings, each disk once."""

import shutil
from pathlib import Path

import pytest

from dsa_hcal_assets.watch.disk import GB, low_disks


@pytest.fixture
def free(tmp_path):
    return shutil.disk_usage(tmp_path).free / GB


def test_a_disk_with_more_room_than_the_limits_is_no_trouble(tmp_path, free):
    assert low_disks([tmp_path], free / 2, free / 4) == []


def test_below_one_limit_it_is_a_warning_and_below_the_other_critical(tmp_path, free):
    (warning,) = low_disks([tmp_path], free * 2, free / 2)
    (critical,) = low_disks([tmp_path], free * 4, free * 2)
    assert (warning.severity, critical.severity) == ("warning", "critical")
    assert warning.name == critical.name
    assert warning.details["free_gb"] == pytest.approx(free, rel=0.2)


def test_directories_of_one_disk_are_one_trouble_and_those_to_be_made_count(tmp_path, free):
    (found,) = low_disks([tmp_path, tmp_path / "not" / "yet", tmp_path], free * 4, 0)
    assert str(tmp_path) in found.message


def test_each_disk_is_looked_at():
    disks = {Path("/dev/shm"), Path("/")}
    if len({disk.stat().st_dev for disk in disks}) == 1:
        pytest.skip("one file system")
    assert {found.name for found in low_disks(disks, 1e9, 1e9)} == {str(disk) for disk in disks}
