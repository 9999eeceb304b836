"""What a service is told through its environment, beside the settings (test_parts)."""

import subprocess
import sys
from pathlib import Path

from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.services.environment import service_environment, settings_environment
from dsa_hcal_assets.settings import Settings, load_settings
from dsa_hcal_assets.settings.legacy import HONOURED

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


def test_settings_left_at_their_default_are_not_taken_from_an_old_name(tmp_path: Path) -> None:
    """The operator's process has read the old names; a service must not read them again."""
    told = settings_environment(Settings(state_dir=tmp_path), dict.fromkeys(HONOURED, "7"))
    assert not set(told) & set(HONOURED)
    assert load_settings(told) == Settings(state_dir=tmp_path)
