"""What a service is told through its environment, beside the settings (test_parts)."""

import fcntl
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.services.environment import service_environment, settings_environment
from dsa_hcal_assets.settings import Settings, load_settings
from dsa_hcal_assets.settings.legacy import HONOURED, PASSED_ON

LIMIT = "DSA_HCAL_THRESHOLD__RIG_KPIS__AVG_TEMP__WARN_ABOVE"
OLD_LIMIT = "CONTIMG_QA_MS_MAX_FLAGGED"
TEMPERATURE = ("rig_kpis", "avg_temp")


def limit_of(environment: dict[str, str]) -> float | None:
    (found,) = [one for one in Thresholds.load(environ=environment) if (one.stage, one.metric) == TEMPERATURE]
    return found.limits.warn_above


def test_quality_limits_of_the_operator_reach_the_services(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv(LIMIT, "42.5")
    monkeypatch.setenv(OLD_LIMIT, "0.125")
    told = service_environment(Settings(state_dir=tmp_path), "postgresql://u:p@127.0.0.1:1/d")
    assert limit_of(told) == 42.5
    assert told[OLD_LIMIT] == "0.125"
    assert load_settings(told).state_dir == tmp_path


def test_a_service_judges_by_the_limits_of_the_operator(tmp_path: Path) -> None:
    program = (
        "from dsa_hcal_assets.installation import Installation\n"
        "limits = {(one.stage, one.metric): one.limits for one in Installation().thresholds}\n"
        f"print(limits[{TEMPERATURE!r}].warn_above)"
    )
    told = settings_environment(Settings(state_dir=tmp_path), {LIMIT: "42.5"})
    found = subprocess.run(
        [sys.executable, "-c", program], env=told, capture_output=True, text=True, timeout=60, check=True
    )
    assert found.stdout.strip() == "42.5"


def told_services(tmp_path: Path) -> dict[str, str]:
    return service_environment(Settings(state_dir=tmp_path), "postgresql://u:p@127.0.0.1:1/d")


@pytest.mark.parametrize("name", PASSED_ON)
def test_what_libraries_read_themselves_reaches_the_services_as_it_is(
    name, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv(name, "3")
    assert told_services(tmp_path)[name] == "3"


def test_threads_are_those_of_the_older_name_unless_the_common_one_is_set(
    tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    assert told_services(tmp_path)["OMP_NUM_THREADS"] == "3"
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert told_services(tmp_path)["OMP_NUM_THREADS"] == "2"


@pytest.mark.parametrize(("locking", "opened"), [("TRUE", False), ("FALSE", True)])
def test_a_service_opens_hdf5_files_with_or_without_locks_as_told(
    locking: str, opened: bool, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("HDF5_USE_FILE_LOCKING", locking)
    path = tmp_path / "file.hdf5"
    h5py.File(path, "w").close()
    opening = [sys.executable, "-c", f"import h5py; h5py.File({str(path)!r}).close()"]
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        found = subprocess.run(
            opening, env=told_services(tmp_path), capture_output=True, timeout=60, check=False
        )
    assert (found.returncode == 0) is opened
    assert opened or b"unable to lock file" in found.stderr


def test_settings_left_at_their_default_are_not_taken_from_an_old_name(tmp_path: Path) -> None:
    """The operator's process has read the old names; a service must not read them again."""
    told = settings_environment(Settings(state_dir=tmp_path), dict.fromkeys(HONOURED, "7"))
    assert not set(told) & set(HONOURED)
    assert load_settings(told) == Settings(state_dir=tmp_path)
