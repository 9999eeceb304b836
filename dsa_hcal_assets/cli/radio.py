"""`dsa-hcal radio`: the radio pipeline's steps one by one, without Dagster."""

import json
from pathlib import Path
from typing import Any

import click

from dsa_hcal_assets.errors import PlatformError
from dsa_hcal_assets.settings import load_settings

EXISTING = click.Path(exists=True, path_type=Path)
PRODUCT = click.Path(path_type=Path, file_okay=False)


@click.group()
def radio() -> None:
    """Flag, calibrate, apply, image: each step on files you name, without Dagster or a database.

    \b
    A whole chain:
      dsa-hcal radio flag group.ms flags/ --profile vla
      dsa-hcal radio calibrate group.ms flags/ tables/ --profile vla --group 1995-04-13T09:18:15
      dsa-hcal radio apply group.ms flags/ tables/ calibrated/ --profile vla
      dsa-hcal radio image calibrated/calibrated.ms images/ --profile vla
      dsa-hcal radio report report.html --profile vla --group 1995-04-13T09:18:15 \\
          --stage flags flags/ --stage calibration_tables tables/ --stage continuum_image images/

    Inputs are never altered. Each step leaves result.json with its measurements in its directory and
    ends with exit code 1 when a blocking check failed.
    """  # noqa: D301  (click wants the real \b)


@radio.command()
@click.argument("ms", type=EXISTING)
@click.argument("out", type=PRODUCT)
@click.option("--profile", required=True, help="Telescope profile (dsa110, vla, ...).")
def flag(ms: Path, out: Path, profile: str) -> None:
    """Flag the Measurement Set MS; write the flag product to OUT."""
    arguments = {"ms": str(ms.absolute()), "out_dir": str(out.absolute())}
    _step("dsa_hcal_assets.radio.flagging.job:compute_flags", "flags", profile, out, arguments)


@radio.command()
@click.argument("ms", type=EXISTING)
@click.argument("flags", type=EXISTING)
@click.argument("out", type=PRODUCT)
@click.option("--profile", required=True, help="Telescope profile.")
@click.option("--group", required=True, help="Group key, YYYY-MM-DDTHH:MM:SS.")
@click.option("--pointing-dec", type=float, help="Apparent declination of a drift scan, deg.")
@click.option("--calibrators", type=EXISTING, help="Table of further calibrators.")
@click.option("--neighbours", type=EXISTING, help="Table of other sources in the beam.")
def calibrate(
    ms: Path,
    flags: Path,
    out: Path,
    profile: str,
    group: str,
    pointing_dec: float | None,
    calibrators: Path | None,
    neighbours: Path | None,
) -> None:
    """Solve on the calibrators in MS with FLAGS; write the calibration set to OUT."""
    arguments = {
        "ms": str(ms.absolute()),
        "flags": str(flags.absolute()),
        "out_dir": str(out.absolute()),
        "group": group,
        "pointing_dec_deg": pointing_dec,
        "calibrators": str(calibrators.absolute()) if calibrators else None,
        "neighbours": str(neighbours.absolute()) if neighbours else None,
        "imager": load_settings().radio.imager,
    }
    _step("dsa_hcal_assets.radio.calibration.job:solve", "calibration_tables", profile, out, arguments)


@radio.command()
@click.argument("ms", type=EXISTING)
@click.argument("flags", type=EXISTING)
@click.argument("tables", type=EXISTING)
@click.argument("out", type=PRODUCT)
@click.option("--profile", required=True, help="Telescope profile.")
def apply(ms: Path, flags: Path, tables: Path, out: Path, profile: str) -> None:
    """Apply FLAGS and the calibration set TABLES to MS; write calibrated.ms to OUT."""
    arguments = {
        "ms": str(ms.absolute()),
        "flags": str(flags.absolute()),
        "calibration": str(tables.absolute()),
        "out_dir": str(out.absolute()),
    }
    _step("dsa_hcal_assets.radio.calibration.job:apply", "calibrated_ms", profile, out, arguments)


@radio.command()
@click.argument("ms", type=EXISTING)
@click.argument("out", type=PRODUCT)
@click.option("--profile", required=True, help="Telescope profile.")
@click.option("--imager", type=click.Choice(["auto", "wsclean", "tclean"]), help="Default: the setting.")
@click.option("--pointing-dec", type=float, help="Apparent declination of a drift scan, deg.")
def image(ms: Path, out: Path, profile: str, imager: str | None, pointing_dec: float | None) -> None:
    """Image the calibrated set MS; write FITS and pictures to OUT."""
    chosen = load_settings().radio
    overrides = {name: getattr(chosen, name) for name in ("imsize", "robust", "niter", "threshold_jy")}
    arguments = {
        "ms": str(ms.absolute()),
        "out_dir": str(out.absolute()),
        "imager": imager or chosen.imager,
        "overrides": {name: value for name, value in overrides.items() if value is not None},
        "pointing_dec_deg": pointing_dec,
    }
    _step("dsa_hcal_assets.radio.imaging.job:make_images", "continuum_image", profile, out, arguments)


@radio.command()
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--profile", required=True, help="Telescope profile.")
@click.option("--group", required=True, help="Group key.")
@click.option(
    "--stage",
    "stages",
    multiple=True,
    required=True,
    type=(str, EXISTING),
    help="Stage and the directory its step wrote; repeat in order.",
)
def report(out: Path, profile: str, group: str, stages: tuple[tuple[str, Path], ...]) -> None:
    """Write the QA report of a group to OUT (one HTML file) from what the steps left."""
    from dsa_hcal_assets.quality.judging import judge
    from dsa_hcal_assets.quality.thresholds import Thresholds
    from dsa_hcal_assets.quality.verdicts import Metric
    from dsa_hcal_assets.radio.imaging import grade
    from dsa_hcal_assets.radio.report import StageResult, render_group_report

    try:
        limits = Thresholds.load(load_settings().thresholds_file)
        results = []
        for stage, directory in stages:
            result = json.loads((directory / "result.json").read_text(encoding="utf-8"))
            metrics = [Metric(**one) for one in result["metrics"]]
            if stage == grade.STAGE:
                metrics = grade.with_grade(metrics, limits, profile)
            verdicts = judge(stage, metrics, limits, profile)
            results.append(StageResult(stage, verdicts, result, product=str(directory)))
        out.write_text(render_group_report(group, profile, results, {"group": group}), encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"a result cannot be read or written: {error}") from error
    except PlatformError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"report: {out}")


def _step(function: str, stage: str, profile: str, out: Path, arguments: dict[str, Any]) -> None:
    """Run a worker function, judge its metrics, tell them; exit code 1 when a blocking check failed."""
    from dsa_hcal_assets.quality.judging import judge
    from dsa_hcal_assets.quality.thresholds import Thresholds
    from dsa_hcal_assets.quality.verdicts import Metric
    from dsa_hcal_assets.radio.imaging import grade
    from dsa_hcal_assets.radio.profiles.loading import load_profiles
    from dsa_hcal_assets.workers.client import WorkerClient

    settings = load_settings()
    try:
        profiles = load_profiles(settings.radio.profiles_dir)
        if profile not in profiles:
            raise click.ClickException(f"no profile {profile!r}; known: {', '.join(sorted(profiles))}")
        out.mkdir(parents=True, exist_ok=True)
        result: Any = WorkerClient().call(
            function,
            {**arguments, "profile": profiles[profile].model_dump(mode="json")},
            wall_seconds=settings.radio.task_wall_seconds,
            log=out / "worker.log",
        )
        (out / "result.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
        limits = Thresholds.load(settings.thresholds_file)
        metrics = [Metric(**one) for one in result["metrics"]]
        if stage == grade.STAGE:
            metrics = grade.with_grade(metrics, limits, profile)
        verdicts = judge(stage, metrics, limits, profile)
    except PlatformError as error:
        raise click.ClickException(str(error)) from error
    for verdict in verdicts:
        click.echo(f"{verdict.level.value:<5} {verdict.metric:<28} {verdict.value:<12.5g} {verdict.detail}")
    if any(verdict.stops for verdict in verdicts):
        raise click.ClickException(f"a blocking check of {stage} failed")
