"""Radio steps run in worker processes: arguments out, outcome back."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dsa_hcal_assets.observability.tracing import span
from dsa_hcal_assets.orchestration.stage import Outcome, StageRun
from dsa_hcal_assets.products.model import JSON, Product
from dsa_hcal_assets.quality.report import Figure
from dsa_hcal_assets.quality.verdicts import Metric
from dsa_hcal_assets.radio.observation import Observation
from dsa_hcal_assets.radio.profiles.loading import profile_named
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.workers import profiled

CALIBRATED_NAME = "calibrated.ms"
REPLY_NAME = "stage.json"


def call(run: StageRun, function: str, arguments: Mapping[str, JSON]) -> dict[str, Any]:
    """Run `dsa_hcal_assets.radio.<function>` in a worker process, with the stage's own log.

    The reply gets the key ``seconds``, how long it took, unless it has one of its own.
    """
    settings = run.installation.settings
    asked, given = f"dsa_hcal_assets.radio.{function}", arguments
    profile = run.profile_file(function.partition(":")[2])
    if profile is not None:
        given = {"function": asked, "arguments": arguments, "profile": str(profile)}
        asked = profiled.FUNCTION
    begun = time.monotonic()
    with span(settings.observability, f"call {function}"):
        reply = run.installation.workers.call(
            asked, given, wall_seconds=settings.radio.task_wall_seconds, log=run.log_file()
        )
    if not isinstance(reply, dict):
        raise TypeError(f"{function} returned {type(reply).__name__}, a dict was expected")
    return {"seconds": time.monotonic() - begun, **reply}


def outcome(reply: Mapping[str, Any], place: Path, profile: str, facts: Mapping[str, Any]) -> Outcome:
    """Return a worker's reply as the outcome of a stage, and keep it in the product for the report."""
    kept = {
        **reply,
        "figures": [
            {"caption": one["caption"], "path": str(Path(one["path"]).relative_to(place))}
            for one in reply["figures"]
        ],
    }
    (place / REPLY_NAME).write_text(json.dumps(kept, indent=1), encoding="utf-8")
    return Outcome(
        metrics=[Metric(one["name"], float(one["value"]), one["detail"]) for one in reply["metrics"]],
        figures=[Figure(one["caption"], Path(one["path"]).read_bytes()) for one in reply["figures"]],
        facts=facts,
        profile=profile,
    )


def kept_reply(product: Product) -> dict[str, Any]:
    """Return the reply a product was made with, its figures found in the product; empty if it has none."""
    file = product.path / REPLY_NAME
    if not file.is_file():
        return {}
    reply: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    figures = [{**one, "path": str(product.path / one["path"])} for one in reply["figures"]]
    return {**reply, "figures": figures}


def profile_of(run: StageRun, observation: Observation) -> Profile:
    """Return the telescope profile of a group."""
    return profile_named(observation.profile, run.installation.settings.radio.profiles_dir)


def group_product(run: StageRun) -> Product:
    """Return the product that describes the run's group: its subbands, or else an archived set.

    Subbands go first: they are what the telescope delivered.
    """
    subbands = run.installation.products.current("uvh5_group", run.partition)
    archived = run.installation.products.current("archived_ms", run.partition)
    return run.input("archived_ms" if subbands is None and archived is not None else "uvh5_group")


def observation_of(run: StageRun) -> Observation:
    """Return the description of the run's group."""
    return Observation.load(group_product(run).path)
