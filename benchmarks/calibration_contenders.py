"""The contenders of `benchmarks.calibration_imaging`, one a process.

ours
    The product's path as its workers run it: conversion, flags, solves, application with averaging,
    image (WSClean when installed). The calibrator is a point source in the model, as in the other's.
casatasks
    The same chain as a user scripts it: flagdata to unflag, clip zeros and run tfcrop; setjy; gaincal,
    bandpass and gaincal twice; applycal; split with averaging; tclean. Its Measurement Set is made
    before the clock starts.
quicklook
    From subbands to the measured image of the whole field, with the gains that ours solved.

Imports, compiled kernels and CASA's start are the warm-up: workers have them behind them.
"""

import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLES = "tables"
MS = "group.ms"


@dataclass
class Job:
    """One contender's work: the group, the image asked for, and where everything goes."""

    files: list[Path]
    out: Path
    image: dict[str, Any]
    seconds: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    in_casa: float = 0.0
    fluxes: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count the time of a step, by the clock and of all cores."""
        begun, before = time.perf_counter(), _cpu()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun
        self.cpu[name] = self.cpu.get(name, 0.0) + _cpu() - before


def main(name: str, request: Path, reply: Path) -> None:
    """Run a contender on what `request` says and write what it took to `reply`."""
    warnings.simplefilter("ignore")
    asked = json.loads(request.read_text())
    job = Job([Path(path) for path in asked["files"]], Path(asked["out"]), asked["image"])
    run = CONTENDERS[name](job)
    run()
    record = {"seconds": job.seconds, "cpu": job.cpu, "in_casa": job.in_casa, "fluxes": job.fluxes}
    reply.write_text(json.dumps(record))


def ours(job: Job) -> Callable[[], None]:
    """The product's own path."""
    _start_casa(job)
    from dsa_hcal_assets.radio.calibration.job import apply, solve
    from dsa_hcal_assets.radio.conversion import kernels  # noqa: F401
    from dsa_hcal_assets.radio.conversion.group import convert_group
    from dsa_hcal_assets.radio.flagging.job import compute_flags
    from dsa_hcal_assets.radio.imaging.imager import ImageParameters, image

    observed = _observed(job)
    profile, ms = observed["profile"].model_dump(mode="json"), str(job.out / MS)
    point = {**profile, "calibration": {**profile["calibration"], "field_model": False}}
    for name in ("flags", TABLES, "neighbours", "calibrated"):
        (job.out / name).mkdir()
    group, dec = observed["group"], observed["pointing_dec_deg"]

    def run() -> None:
        with job.step("convert"):
            convert_group(job.files, Path(ms), observed["profile"], phase_centre=observed["centre"])
        with job.step("flag"):
            flags = compute_flags(ms, profile, str(job.out / "flags"))["flags"]
        with job.step("solve"):
            solve(ms, flags, point, str(job.out / TABLES), group, dec)
        with job.step("solve with the field"):
            solve(ms, flags, profile, str(job.out / "neighbours"), group, dec)
        with job.step("apply"):
            applied = apply(ms, flags, str(job.out / TABLES), profile, str(job.out / "calibrated"))["ms"]
        with job.step("image"):
            made = image(Path(applied), job.out / "image", ImageParameters(**job.image))
        job.fluxes = _fluxes(made.planes["image"], observed["sources"])

    return run


def casatasks(job: Job) -> Callable[[], None]:
    """A user's script."""
    _start_casa(job)
    import casatasks as casa

    from dsa_hcal_assets.radio.conversion.group import convert_group

    observed = _observed(job)
    ms, tables = (
        str(job.out / MS),
        {name: str(job.out / f"{name}.cal") for name in ("p", "bandpass", "gain", "short")},
    )
    convert_group(job.files, Path(ms), observed["profile"], phase_centre=observed["centre"])
    rules = observed["profile"].calibration
    # the reference antenna and what the beam leaves of the calibrator, as ours worked them out
    described = json.loads((job.out.parent / "ours" / TABLES / "set.json").read_text())
    flux = _apparent(described, observed["calibrator"])
    solving = {
        "vis": ms,
        "refant": described["reference_antenna"],
        "uvrange": f">{rules.uvrange_lambda:g}lambda",
        "minblperant": rules.minblperant,
    }

    def run() -> None:
        with job.step("flag reset"):
            casa.flagdata(vis=ms, mode="unflag", flagbackup=False)
        with job.step("flag zeros"):
            casa.flagdata(vis=ms, mode="clip", clipzeros=True, flagbackup=False)
        with job.step("flag interference"):
            casa.flagdata(vis=ms, mode="tfcrop", datacolumn="data", flagbackup=False)
        with job.step("model"):
            casa.setjy(vis=ms, standard="manual", scalebychan=True, usescratch=True, **flux)
        with job.step("phase"):
            casa.gaincal(
                caltable=tables["p"],
                calmode="p",
                solint=rules.prebandpass_solint,
                minsnr=rules.gain_minsnr,
                **solving,
            )
        with job.step("bandpass"):
            casa.bandpass(
                caltable=tables["bandpass"],
                solint="inf",
                combine="scan",
                minsnr=rules.bandpass_minsnr,
                fillgaps=rules.fillgaps,
                gaintable=[tables["p"]],
                **solving,
            )
        before = [tables["bandpass"]]
        for name, solint in (("gain", "inf"), ("short", rules.short_solint)):
            with job.step("gain"):
                casa.gaincal(
                    caltable=tables[name],
                    calmode="ap",
                    solint=solint,
                    minsnr=rules.gain_minsnr,
                    gaintable=before,
                    **solving,
                )
            before = [*before, tables[name]]
        with job.step("apply"):
            casa.applycal(vis=ms, gaintable=before, calwt=True, flagbackup=False)
        with job.step("average"):
            split = str(job.out / "calibrated.ms")
            casa.split(
                vis=ms,
                outputvis=split,
                datacolumn="corrected",
                width=_width(Path(ms), rules.average_bandwidth_hz),
            )
        with job.step("image"):
            casa.tclean(vis=split, imagename=str(job.out / "image"), **_tclean(job.image))
            casa.exportfits(imagename=str(job.out / "image.image"), fitsimage=str(job.out / "image.fits"))
        job.fluxes = _fluxes(job.out / "image.fits", observed["sources"])
        _solve_again(Path(ms), observed, job.out / "ours")

    return run


def quicklook(job: Job) -> Callable[[], None]:
    """The product's quick look."""
    import casacore.tables  # noqa: F401

    from dsa_hcal_assets.radio.quicklook import look

    observed = _observed(job)

    def run() -> None:
        with job.step("quicklook"):
            found = look.quicklook(
                job.files,
                observed["profile"],
                job.out.parent / "ours" / TABLES,
                job.out / "look",
                phase_centre=observed["centre"],
            )
        job.seconds |= {f"until {step}": seconds for step, seconds in found.elapsed.items()}
        job.fluxes = {observed["sources"][0]["name"]: found.measured["peak_fit_jy"]}

    return run


CONTENDERS: dict[str, Callable[[Job], Callable[[], None]]] = {
    "ours": ours,
    "casatasks": casatasks,
    "quicklook": quicklook,
}


def _start_casa(job: Job) -> None:
    """Load CASA and have every task, called by whomever, add its time to `job.in_casa`."""
    from dsa_hcal_assets.workers import casa

    casa.configure()
    import casatasks as tasks

    depth = 0

    def timed(task: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal depth
            begun, depth = time.perf_counter(), depth + 1
            try:
                return task(*arguments, **options)
            finally:
                depth -= 1
                job.in_casa += time.perf_counter() - begun if depth == 0 else 0.0

        return call

    for name in ("flagdata", "setjy", "gaincal", "bandpass", "applycal", "split", "tclean", "exportfits"):
        setattr(tasks, name, timed(getattr(tasks, name)))


def _observed(job: Job) -> dict[str, Any]:
    """Return what is known of the group: its truth stands beside the files."""
    import numpy as np

    from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
    from dsa_hcal_assets.radio.profiles.loading import load_profiles

    truth = json.loads(next(job.files[0].parent.glob("*_truth.json")).read_text())
    source = truth["sources"][0]
    spectrum = np.array(source["spectrum"])
    # log10(S) = sum a_i log10(f / GHz)^i; setjy wants the slopes at 1 GHz
    return {
        "profile": load_profiles()["dsa110"],
        "group": truth["group"],
        "pointing_dec_deg": truth["declination_deg"],
        "sources": truth["sources"],
        "centre": PhaseCentre(source["name"], np.radians(source["ra_deg"]), np.radians(source["dec_deg"])),
        "calibrator": {
            "fluxdensity": [float(10 ** spectrum[0]), 0, 0, 0],
            "spix": [float(one) for one in spectrum[1:4]],
            "reffreq": "1GHz",
        },
    }


def _solve_again(ms: Path, observed: Mapping[str, Any], tables: Path) -> None:
    """Solve with our solver on the flags CASA has set, off the clock: gains to compare with CASA's."""
    from dsa_hcal_assets.radio.calibration.job import solve
    from dsa_hcal_assets.radio.flagging.flagset import FlagSet
    from dsa_hcal_assets.radio.flagging.visibilities import windows

    profile = observed["profile"].model_dump(mode="json")
    profile["calibration"]["field_model"] = False
    tables.mkdir()
    (window,) = windows(ms)
    flags = FlagSet({0: window.flag}).save(tables)
    solve(str(ms), str(flags), profile, str(tables), observed["group"], observed["pointing_dec_deg"])


def _apparent(described: Mapping[str, Any], flux: Mapping[str, Any]) -> dict[str, Any]:
    """Return a calibrator's flux density as it appears on average, while it drifts through the beam."""
    (known,) = described["flux_densities"]
    share = known["apparent_jy"] / known["jy"]
    return {**flux, "fluxdensity": [share * one for one in flux["fluxdensity"]]}


def _width(ms: Path, bandwidth_hz: float) -> int:
    from casacore.tables import table

    with table(str(ms / "SPECTRAL_WINDOW"), ack=False) as windows:
        return max(1, int(bandwidth_hz / abs(windows.getcell("CHAN_WIDTH", 0)[0]) * 1.0001))


def _tclean(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "imsize": asked["imsize"],
        "cell": f"{asked['cell_arcsec']}arcsec",
        "weighting": "briggs",
        "robust": asked["robust"],
        "niter": asked["niter"],
        "threshold": f"{asked['threshold_jy']}Jy",
        "nsigma": asked["stop_sigma"],
        "uvrange": f">{asked['uvrange_lambda']:g}lambda",
        "deconvolver": "hogbom",
        "gridder": "standard",
        "datacolumn": "data",
        "pblimit": -0.1,
    }


def _fluxes(image: Path, sources: list[dict[str, Any]]) -> dict[str, float]:
    """Return the flux densities fitted in an image, Jy: the same fit for everybody."""
    from dsa_hcal_assets.radio.imaging.measurements import fit_source, read_plane

    plane = read_plane(image)
    fits = {one["name"]: fit_source(plane, one["ra_deg"], one["dec_deg"]) for one in sources}
    return {name: fit.flux_jy for name, fit in fits.items() if fit is not None}


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
