"""Images and the report of the whole group. Partition: group."""

import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import dagster as dg

from dsa_hcal_assets.orchestration.partitions import GROUPS
from dsa_hcal_assets.orchestration.radio.report import STAGES
from dsa_hcal_assets.orchestration.radio.worker import (
    CALIBRATED_NAME,
    call,
    observation_of,
    outcome,
    profile_of,
)
from dsa_hcal_assets.orchestration.stage import Outcome, StageRun, stage_asset
from dsa_hcal_assets.products.model import Product, code_version

OVERRIDABLE = ("imsize", "robust", "niter", "threshold_jy")


@stage_asset(group="radio", partitions=GROUPS, deps=["calibrated_ms"], kinds={"casa"}, pool="heavy")
def continuum_image(run: StageRun) -> dg.MaterializeResult[Any]:
    """Continuum images of the group's fields as FITS, with primary beam, pictures and measurements."""
    from dsa_hcal_assets.radio.imaging.catalogue_sources import known_sources
    from dsa_hcal_assets.radio.imaging.grade import with_grade
    from dsa_hcal_assets.radio.imaging.imager import ImageParameters

    source, observation = run.input("calibrated_ms"), observation_of(run)
    settings = run.installation.settings.radio
    telescope = profile_of(run, observation)
    profile = telescope.model_dump(mode="json")
    chosen = {name: getattr(settings, name) for name in OVERRIDABLE}
    overrides = telescope.imaging.of_preset(settings.image_preset) | {
        name: value for name, value in chosen.items() if value is not None
    }

    ms = str(source.path / CALIBRATED_NAME)
    fields = call(run, "imaging.selection:describe_fields", {"ms": ms, "profile": profile})["fields"]
    catalogue, known = known_sources(
        run.installation.database,
        [(one["ra_deg"], one["dec_deg"]) for one in fields],
        ImageParameters.of_profile(telescope.imaging, **overrides).side_deg / math.sqrt(2),
        settings.compare_with,
    )

    def make(place: Path) -> Outcome:
        reply = call(
            run,
            "imaging.job:make_images",
            {
                "ms": ms,
                "profile": profile,
                "out_dir": str(place),
                "imager": settings.imager,
                "overrides": overrides,
                "known": [asdict(one) for one in known],
                "catalogue": catalogue,
                "facts": {
                    "GROUP": run.partition,
                    "CALSET": _calibration_set(source),
                    "INPUTSUM": source.checksum,
                    "CODEVER": code_version(),
                },
                "pointing_dec_deg": observation.pointing_dec_deg,
                "self_calibration": settings.self_calibration,
            },
        )
        facts = {"imager": f"{reply['imager']} {reply['version']}", "fields": reply["fields"]}
        made = outcome(reply, place, observation.profile, facts)
        return replace(
            made, metrics=with_grade(made.metrics, run.installation.thresholds, observation.profile)
        )

    chosen_here = {"preset": settings.image_preset, "self_calibration": settings.self_calibration}
    parameters = profile["imaging"] | overrides | chosen_here | {"compared with": catalogue or None}
    return run.publish(make, inputs=[source], parameters=parameters)


def _calibration_set(calibrated: Product) -> str:
    """Return the name of the calibration set a calibrated set was made with."""
    names = [one.name for one in calibrated.provenance.inputs if one.name.startswith("calibration_tables/")]
    return ", ".join(names) or "none"


@stage_asset(group="radio", partitions=GROUPS, deps=["uvh5_group", "archived_ms", *STAGES], kinds={"html"})
def radio_qa_report(run: StageRun) -> dg.MaterializeResult[Any]:
    """One self-contained HTML page on the group: every stage, verdict, plot, parameter and input."""
    from dsa_hcal_assets.orchestration.radio.report import dagster_address, stage_results
    from dsa_hcal_assets.quality.verdicts import Metric
    from dsa_hcal_assets.radio.report import render_group_report

    observation = observation_of(run)
    sources, results = stage_results(run)
    provenance, dagster = run.provenance(sources), dagster_address(run)

    def make(place: Path) -> Outcome:
        page = render_group_report(run.partition, observation.profile, results, provenance, dagster)
        (place / "report.html").write_text(page, encoding="utf-8")
        pictures = sum(len(one.result.get("figures", ())) for one in results)
        return Outcome([Metric("stages", float(len(results))), Metric("figures", float(pictures))])

    return run.publish(make, inputs=sources)
