"""A group's Measurement Set, written from subbands or taken from an archive, and measured."""

import base64
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dsa_hcal_assets.orchestration.radio.worker import call, kept_reply, outcome
from dsa_hcal_assets.orchestration.stage import Outcome, StageRun
from dsa_hcal_assets.products.model import JSON, Product
from dsa_hcal_assets.radio.conversion.staging import storage_failures
from dsa_hcal_assets.radio.observation import MS_NAME, ArchivedSet, Centre, Observation


def make_measurement_set(run: StageRun, source: Product, place: Path) -> Outcome:
    """Make the Measurement Set of the group described by `source` in `place` and measure it."""
    observation = Observation.load(source.path)
    with storage_failures(place):
        return _measured(run, observation, place)


def _measured(run: StageRun, observation: Observation, place: Path) -> Outcome:
    begun = time.monotonic()
    ms = str(place / MS_NAME)
    if observation.archived is None:
        report = _convert(run, observation, ms)
    else:
        report = _take_over(run, observation.archived, ms)
    measured = call(
        run,
        "conversion.job:measure",
        {
            "ms": ms,
            "profile": observation.profile,
            "report": report,
            "profiles_dir": _profiles_dir(run),
        },
    )
    reply = {
        "metrics": measured["metrics"],
        "figures": _stored(measured["figures"], place / "figures"),
        "conversion": report,
        "seconds": time.monotonic() - begun,
    }
    return outcome(reply, place, observation.profile, {"conversion": report})


def _convert(run: StageRun, observation: Observation, ms: str) -> dict[str, Any]:
    settings = run.installation.settings.radio
    return call(
        run,
        "conversion.job:convert",
        {
            "files": [str(one.path) for one in observation.files],
            "out": ms,
            "profile": observation.profile,
            "calibrator": centre_of(observation.centre),
            "choices": settings.conversion,
            "writer": settings.writer,
            "profiles_dir": _profiles_dir(run),
            "ram_staging": settings.ram_staging,
        },
    )


def _take_over(run: StageRun, archived: ArchivedSet, ms: str) -> dict[str, Any]:
    return call(
        run, "archive.job:take_over", {"ms": str(archived.path), "out": ms, "digest": archived.digest}
    )


def _profiles_dir(run: StageRun) -> str | None:
    extra = run.installation.settings.radio.profiles_dir
    return str(extra) if extra else None


def remember_performance(run: StageRun) -> None:
    """Enter what the conversion of the partition's newest Measurement Set took; no conversion, no entry."""
    from dsa_hcal_assets.radio.conversion.group import ConversionReport
    from dsa_hcal_assets.radio.conversion.performance import WRITERS, record

    product = run.installation.products.require("measurement_set", run.partition)
    report = ConversionReport.from_json(kept_reply(product)["conversion"])
    if report.writer in WRITERS:
        record(run.installation.database, product, report)


def _stored(pictures: Mapping[str, str], directory: Path) -> list[dict[str, str]]:
    directory.mkdir()
    stored = []
    for number, (caption, picture) in enumerate(pictures.items(), start=1):
        path = directory / f"{number}.png"
        path.write_bytes(base64.b64decode(picture))
        stored.append({"caption": caption, "path": str(path)})
    return stored


def centre_of(centre: Centre | None) -> JSON:
    """Return a group's phase centre as a worker takes it, in radians."""
    if centre is None:
        return None
    return {
        "name": centre.name,
        "ra_rad": math.radians(centre.ra_deg),
        "dec_rad": math.radians(centre.dec_deg),
    }
