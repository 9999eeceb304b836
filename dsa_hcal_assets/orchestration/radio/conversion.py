"""The conversion's two worker calls and what they found, as one outcome."""

import base64
import math
from collections.abc import Mapping
from pathlib import Path

from dsa_hcal_assets.orchestration.radio.worker import MS_NAME, call, outcome
from dsa_hcal_assets.orchestration.stage import Outcome, StageRun
from dsa_hcal_assets.products.model import JSON, Product
from dsa_hcal_assets.radio.observation import Centre, Observation


def convert(run: StageRun, source: Product, place: Path) -> Outcome:
    """Convert the group described by `source` into `place` and measure the result."""
    observation = Observation.load(source.path)
    extra = run.installation.settings.radio.profiles_dir
    profiles_dir = str(extra) if extra else None
    ms = str(place / MS_NAME)
    report = call(
        run,
        "conversion.job:convert",
        {
            "files": [str(one.path) for one in observation.files],
            "out": ms,
            "profile": observation.profile,
            "phase_centre": _centre(observation.centre),
            "layout": run.installation.settings.radio.spw_layout,
            "profiles_dir": profiles_dir,
        },
    )
    measured = call(
        run,
        "conversion.job:measure",
        {"ms": ms, "profile": observation.profile, "report": report, "profiles_dir": profiles_dir},
    )
    reply = {
        "metrics": measured["metrics"],
        "figures": _stored(measured["figures"], place / "figures"),
        "conversion": report,
        "seconds": report["seconds"] + measured["seconds"],
    }
    return outcome(reply, place, observation.profile, {"conversion": report})


def _stored(pictures: Mapping[str, str], directory: Path) -> list[dict[str, str]]:
    directory.mkdir()
    stored = []
    for number, (caption, picture) in enumerate(pictures.items(), start=1):
        path = directory / f"{number}.png"
        path.write_bytes(base64.b64decode(picture))
        stored.append({"caption": caption, "path": str(path)})
    return stored


def _centre(centre: Centre | None) -> JSON:
    if centre is None:
        return None
    return {
        "name": centre.name,
        "ra_rad": math.radians(centre.ra_deg),
        "dec_rad": math.radians(centre.dec_deg),
    }
