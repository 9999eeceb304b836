"""The QA report of an observation group: every stage, its verdicts, figures, parameters and timings."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from dsa_hcal_assets.quality.report import Figure, Link, Section, Table, render
from dsa_hcal_assets.quality.verdicts import Level, Verdict, worst

TITLES = {
    "uvh5_group": "Files of the group",
    "archived_ms": "Archived Measurement Set",
    "measurement_set": "Measurement Set",
    "flags": "Flagging",
    "calibration_tables": "Calibration solutions",
    "calibrated_ms": "Calibrated data",
    "continuum_image": "Images",
    "quicklook_image": "Quick look",
}


@dataclass(frozen=True)
class StageResult:
    """What one stage of a group produced.

    Attributes
    ----------
    stage
        Name of the asset and of its thresholds.
    verdicts
        Judged metrics.
    result
        What the stage's worker function returned: ``figures`` [{caption, path}], and for some stages
        ``set``, ``steps``, ``fields``, ``tables``.
    parameters
        Options that had an influence.
    seconds
        How long it took, when known.
    product
        Name of the product, e.g. ``flags/2025-06-05T12:00:00/v0001``.
    figures
        Further pictures, already as PNG.
    inputs
        Names of what the product was made from.
    run_id
        Dagster run that made it.
    """

    stage: str
    verdicts: Sequence[Verdict]
    result: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    product: str = ""
    figures: Sequence[Figure] = ()
    inputs: Sequence[str] = ()
    run_id: str = ""


def render_group_report(
    group: str, profile: str, stages: Sequence[StageResult], provenance: Any, dagster: str = ""
) -> str:
    """Return the report of a group as one self-contained HTML document.

    Parameters
    ----------
    group
        Group key.
    profile
        Telescope profile.
    stages
        In the order of the pipeline.
    provenance
        Mapping, or the products room's `Provenance`.
    dagster
        Address of the Dagster UI, for links to lineage and runs; without it they are told as text.
    """
    lineage = Section("Lineage", tables=[_lineage(group, stages, dagster)])
    sections = [_overview(stages), *(_section(one) for one in stages), lineage]
    return render("Radio observation", f"{group} ({profile})", sections, provenance)


def _overview(stages: Sequence[StageResult]) -> Section:
    rows = [
        (
            TITLES.get(one.stage, one.stage),
            worst(list(one.verdicts)).value,
            sum(verdict.level is not Level.PASS for verdict in one.verdicts),
            math.nan if one.seconds is None else round(one.seconds, 1),
            one.product,
        )
        for one in stages
    ]
    columns = ("stage", "worst verdict", "checks not passed", "seconds", "product")
    return Section("Overview", tables=[Table("Stages", columns, rows)])


def _lineage(group: str, stages: Sequence[StageResult], dagster: str) -> Table:
    rows = []
    for one in stages:
        asset = f"/assets/{one.stage}?{urlencode({'view': 'lineage', 'partition': group})}"
        rows.append(
            (
                _linked(one.product or one.stage, dagster, asset),
                ", ".join(one.inputs) or "none",
                _linked(one.run_id, dagster, f"/runs/{one.run_id}"),
            )
        )
    return Table("What was made from what", ("product", "made from", "run"), rows)


def _linked(text: str, dagster: str, path: str) -> str | Link:
    return Link(text, f"{dagster.rstrip('/')}{path}") if text and dagster else text


def _section(one: StageResult) -> Section:
    figures = [*one.figures, *_stored_figures(one.result.get("figures", ()))]
    tables = [*_details(one), *_parameters(one.parameters)]
    return Section(TITLES.get(one.stage, one.stage), one.verdicts, figures, tables)


def _stored_figures(stored: Sequence[Mapping[str, str]]) -> list[Figure]:
    """Read the figures that are still there; a missing picture must not cost the report."""
    return [
        Figure(entry["caption"], Path(entry["path"]).read_bytes())
        for entry in stored
        if Path(entry["path"]).is_file()
    ]


def _details(one: StageResult) -> list[Table]:
    tables = []
    if "conversion" in one.result:
        seconds = one.result["conversion"].get("seconds", {})
        tables.append(_timings(seconds, "Threads work side by side: their steps overlap."))
    if "elapsed" in one.result:
        tables.append(_timings(one.result["elapsed"], "From the start of the work until the step was done."))
    if "steps" in one.result:
        rows = [(step, 100 * share) for step, share in one.result["steps"].items()]
        tables.append(Table("First flagged by", ("step", "share, %"), rows))
    if "set" in one.result:
        tables += _calibration_tables(one.result["set"])
    if "fields" in one.result:
        tables += _image_tables(one.result["fields"])
    return tables


def _timings(seconds: Mapping[str, float], note: str) -> Table:
    return Table("Timing", ("step", "seconds"), [(step, one) for step, one in seconds.items()], note=note)


def _calibration_tables(described: Mapping[str, Any]) -> list[Table]:
    fluxes = [
        (flux["field"], flux["jy"], flux["error_jy"], flux["apparent_jy"], flux["origin"])
        for flux in described["flux_densities"]
    ]
    tables = [
        (entry["kind"], entry["file"], _moment(entry["valid_from"]), _moment(entry["valid_until"]))
        for entry in described["tables"]
    ]
    return [
        Table(
            "Calibrators",
            ("field", "flux density, Jy", "error, Jy", "apparent, Jy", "origin"),
            fluxes,
            note=f"Reference antenna {described['reference_antenna']}. Apparent: through the primary beam.",
        ),
        Table("Tables and their validity", ("kind", "file", "from (UTC)", "until (UTC)"), tables),
    ]


def _image_tables(fields: Mapping[str, Mapping[str, Any]]) -> list[Table]:
    rows = [
        (
            name,
            1e3 * one["rms"],
            1e3 * one["expected_noise"],
            one["peak"],
            one["peak_fit_jy"],
            f"{one['beam_major_arcsec']:.1f} x {one['beam_minor_arcsec']:.1f}",
            one["channels"],
        )
        for name, one in fields.items()
    ]
    columns = (
        "field",
        "rms, mJy/beam",
        "radiometer, mJy/beam",
        "peak, Jy/beam",
        "peak source, Jy",
        "beam, arcsec",
        "channels",
    )
    known = [
        (
            name,
            one["source"]["name"],
            one["source"]["jy"],
            one["fit"]["flux_jy"],
            one["flux_ratio"],
            one["offset_arcsec"],
        )
        for name, measured in fields.items()
        for one in measured["known"]
    ]
    tables = [Table("Images", columns, rows)]
    if known:
        heads = ("field", "source", "known, Jy", "fitted, Jy", "ratio", "offset, arcsec")
        tables.append(Table("Sources of known flux density", heads, known))
    return tables


def _parameters(parameters: Mapping[str, Any]) -> list[Table]:
    if not parameters:
        return []
    return [
        Table("Parameters", ("name", "value"), [(key, _said(value)) for key, value in parameters.items()])
    ]


def _said(value: Any) -> str:
    """Return a parameter for people, not as Python writes it."""
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_said(one)}" for key, one in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(_said(one) for one in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "not set" if value is None else str(value)


def _moment(text: str) -> str:
    """Return an ISO time to the second; what is none as it is."""
    try:
        return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return text
