"""Radio steps run in worker processes: arguments out, outcome back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dsa_hcal_assets.orchestration.stage import Outcome, StageRun
from dsa_hcal_assets.products.model import JSON
from dsa_hcal_assets.quality.report import Figure
from dsa_hcal_assets.quality.verdicts import Metric
from dsa_hcal_assets.radio.observation import Observation
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.radio.profiles.model import Profile

MS_NAME = "visibilities.ms"
CALIBRATED_NAME = "calibrated.ms"


def call(run: StageRun, function: str, arguments: Mapping[str, JSON]) -> dict[str, Any]:
    """Run `dsa_hcal_assets.radio.<function>` in a worker process, with the stage's own log."""
    reply = run.installation.workers.call(
        f"dsa_hcal_assets.radio.{function}",
        arguments,
        wall_seconds=run.installation.settings.radio.task_wall_seconds,
        log=run.log_file(),
    )
    if not isinstance(reply, dict):
        raise TypeError(f"{function} returned {type(reply).__name__}, a dict was expected")
    return reply


def outcome(reply: Mapping[str, Any], profile: str, facts: Mapping[str, Any]) -> Outcome:
    """Return a worker's reply as the outcome of a stage."""
    return Outcome(
        metrics=[Metric(one["name"], float(one["value"]), one["detail"]) for one in reply["metrics"]],
        figures=[Figure(one["caption"], Path(one["path"]).read_bytes()) for one in reply["figures"]],
        facts=facts,
        profile=profile,
    )


def profile_of(run: StageRun, observation: Observation) -> Profile:
    """Return the telescope profile of a group."""
    return load_profiles(run.installation.settings.radio.profiles_dir)[observation.profile]


def observation_of(run: StageRun) -> Observation:
    """Return the description of the run's group."""
    return Observation.load(run.input("uvh5_group").path)
