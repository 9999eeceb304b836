"""The contenders of `benchmarks.calibration_imaging`, one a process.

ours
    The product's path as its workers run it: conversion, flags, solves, application with averaging,
    image (WSClean when installed). The calibrator's neighbours are given, as by a catalogue. Beside this
    chain, what a calibrator group needs without a catalogue (solves that find the field's sources
    themselves, gates and registry) and what a target group's image needs (the same image with bright
    sources aside, primary beam, measurements and picture).
quicklook
    From subbands to the measured image of the whole field, with the gains that ours solved.
casatasks
    The same chain as a user scripts it: flagdata to unflag, clip zeros and run tfcrop; setjy; gaincal,
    bandpass and gaincal twice; applycal; split with averaging; tclean. Its Measurement Set is made
    before the clock starts. The first gaincal takes a few channels, over which delays do not matter.

Imports, compiled kernels, the Earth's orientation and CASA's start are the warm-up: workers have them
behind them.
"""

import json
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.calibration_job import Job, start_casa
from benchmarks.calibration_sky import OURS, TCLEAN, Observed, complete_model, solve_as_ours

TABLES = "tables"
MS = "group.ms"
# of the first phase solve of the script: 8 MHz
FIRST_CHANNELS = 32


def main(name: str, request: Path, reply: Path) -> None:
    """Run a contender on what `request` says and write what it took to `reply`."""
    warnings.simplefilter("ignore")
    asked = json.loads(request.read_text())
    job = Job([Path(path) for path in asked["files"]], Path(asked["out"]), asked["image"], reply)
    run = CONTENDERS[name](job)
    run()
    job.save()


def ours(job: Job) -> Callable[[], None]:
    """The product's own path."""
    start_casa(job)
    from dsa_hcal_assets.radio.calibration.job import apply, solve
    from dsa_hcal_assets.radio.conversion import kernels  # noqa: F401
    from dsa_hcal_assets.radio.conversion.group import convert_group
    from dsa_hcal_assets.radio.flagging.job import compute_flags
    from dsa_hcal_assets.radio.imaging.imager import ImageParameters, image
    from dsa_hcal_assets.radio.imaging.job import make_images

    observed = _observed(job)
    profile, ms = observed.profile.model_dump(mode="json"), str(job.out / MS)
    for name in ("flags", TABLES, "field", "calibrated", "product"):
        (job.out / name).mkdir()
    group, dec = observed.group, observed.pointing_dec_deg
    neighbours = observed.write_neighbours(job.out / "neighbours.csv")

    def run() -> None:
        with job.step("convert"):
            convert_group(job.files, Path(ms), observed.profile, phase_centre=observed.centre)
        with job.step("flag"):
            flags = compute_flags(ms, profile, str(job.out / "flags"))["flags"]
        with job.step("solve"):
            solve(ms, flags, profile, str(job.out / TABLES), group, dec, neighbours=neighbours)
        with job.step("apply"):
            applied = apply(ms, flags, str(job.out / TABLES), profile, str(job.out / "calibrated"))["ms"]
        with job.step("image"):
            parameters = ImageParameters.of_profile(observed.profile.imaging, **job.image)
            made = image(Path(applied), job.out / "image", parameters)
        job.fluxes[OURS] = _fluxes(made.planes["image"], observed)
        with job.step("solve with the field"):
            solved = solve(ms, flags, profile, str(job.out / "field"), group, dec)
        with _installation(job.out / "installation") as (products, database), job.step("gates, registry"):
            _enter(job.out / "field", solved["metrics"], observed, products, database)
        with job.step("product image"):
            make_images(applied, profile, str(job.out / "product"), overrides=job.image, pointing_dec_deg=dec)

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
                observed.profile,
                job.out.parent / "ours" / TABLES,
                job.out / "look",
                phase_centre=observed.centre,
            )
        job.seconds |= {f"until {step}": seconds for step, seconds in found.elapsed.items()}
        job.fluxes[OURS] = {observed.calibrator.name: found.measured["peak_fit_jy"]}

    return run


def casatasks(job: Job) -> Callable[[], None]:
    """A user's script."""
    start_casa(job)
    import casatasks as casa

    from dsa_hcal_assets.radio.conversion.group import convert_group
    from dsa_hcal_assets.radio.imaging.imager import ImageParameters, image

    observed = _observed(job)
    ms = str(job.out / MS)
    names = ("phase", "bandpass", "gain", "short_gain")
    phase, bandpass, gain, short = (str(job.out / f"{name}.cal") for name in names)
    convert_group(job.files, Path(ms), observed.profile, phase_centre=observed.centre)
    rules = observed.profile.calibration
    # the reference antenna that ours chose
    described = json.loads((job.out.parent / "ours" / TABLES / "set.json").read_text())
    solving = {
        "vis": ms,
        "refant": described["reference_antenna"],
        "uvrange": f">{rules.uvrange_lambda:g}lambda",
        "minblperant": rules.minblperant,
    }
    spectrum = observed.calibrator.coefficients

    def run() -> None:
        with job.step("flag reset"):
            casa.flagdata(vis=ms, mode="unflag", flagbackup=False)
        with job.step("flag zeros"):
            casa.flagdata(vis=ms, mode="clip", clipzeros=True, flagbackup=False)
        with job.step("flag interference"):
            casa.flagdata(vis=ms, mode="tfcrop", datacolumn="data", flagbackup=False)
        with job.step("model"):
            casa.setjy(
                vis=ms,
                standard="manual",
                fluxdensity=[10 ** spectrum[0], 0, 0, 0],
                spix=list(spectrum[1:]),
                reffreq="1GHz",
                scalebychan=True,
                usescratch=True,
            )
        job.tell("off the clock: drift and neighbours into the model")
        complete_model(Path(ms), observed)
        with job.step("phase"):
            casa.gaincal(
                caltable=phase,
                calmode="p",
                spw=_middle(Path(ms)),
                solint=rules.prebandpass_solint,
                minsnr=rules.gain_minsnr,
                **solving,
            )
        with job.step("bandpass"):
            casa.bandpass(
                caltable=bandpass,
                solint="inf",
                combine="scan",
                minsnr=rules.bandpass_minsnr,
                fillgaps=rules.fillgaps,
                gaintable=[phase],
                **solving,
            )
        before = [bandpass]
        for table, solint in ((gain, "inf"), (short, rules.short_solint)):
            with job.step("gain"):
                casa.gaincal(
                    caltable=table,
                    calmode="ap",
                    solint=solint,
                    minsnr=rules.gain_minsnr,
                    gaintable=before,
                    **solving,
                )
            before = [*before, table]
        job.tell("off the clock: our solver on the same flags")
        solve_as_ours(Path(ms), observed, job.out / "ours")
        with job.step("apply"):
            casa.applycal(vis=ms, gaintable=before, calwt=True, flagbackup=False)
        with job.step("average"):
            split = str(job.out / "calibrated.ms")
            width = _width(Path(ms), rules.average_bandwidth_hz)
            casa.split(vis=ms, outputvis=split, datacolumn="corrected", width=width)
        with job.step("image"):
            casa.tclean(vis=split, imagename=str(job.out / "image"), **_tclean(job.image))
            casa.exportfits(imagename=str(job.out / "image.image"), fitsimage=str(job.out / "image.fits"))
        job.fluxes[TCLEAN] = _fluxes(job.out / "image.fits", observed)
        job.tell("off the clock: the same image as ours, of these data")
        parameters = ImageParameters.of_profile(observed.profile.imaging, **job.image)
        same = image(Path(split), job.out / "same", parameters)
        job.fluxes[OURS] = _fluxes(same.planes["image"], observed)

    return run


CONTENDERS: dict[str, Callable[[Job], Callable[[], None]]] = {
    "ours": ours,
    "quicklook": quicklook,
    "casatasks": casatasks,
}


def _observed(job: Job) -> Observed:
    """Return what is known of the group; the Earth's orientation is loaded on the way."""
    from astropy.time import Time

    from dsa_hcal_assets.radio.conversion.geometry import earth_orientation
    from dsa_hcal_assets.radio.ingest.uvh5 import read_header

    times = read_header(job.files[0]).times_jd
    with earth_orientation(times):
        _ = Time(times[:1], format="jd", scale="utc").ut1
    return Observed.of(job.files)


@contextmanager
def _installation(home: Path) -> Iterator[tuple[Any, Any]]:
    """A product store and a database of the benchmark's own."""
    from dsa_hcal_assets.database import migrations
    from dsa_hcal_assets.database.connection import Database
    from dsa_hcal_assets.database.embedded import EmbeddedServer
    from dsa_hcal_assets.products.store import ProductStore

    home.mkdir()
    with EmbeddedServer(home / "postgres") as server:
        database = Database(server.url())
        migrations.apply(database)
        yield ProductStore(home / "products", database), database
        database.close()


def _enter(
    tables: Path, metrics: list[dict[str, Any]], observed: Observed, products: Any, database: Any
) -> None:
    from dsa_hcal_assets.quality.thresholds import Thresholds
    from dsa_hcal_assets.radio.calibration.entering import enter

    limits = Thresholds.load(environ={})
    enter(tables, metrics, observed.profile, limits, products, database, "benchmark")


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


def _middle(ms: Path) -> str:
    """Return the few channels in the middle of the window, as CASA selects them."""
    from casacore.tables import table

    with table(str(ms / "SPECTRAL_WINDOW"), ack=False) as windows:
        channels = int(windows.getcell("NUM_CHAN", 0))
    first = max(0, (channels - FIRST_CHANNELS) // 2)
    return f"0:{first}~{min(first + FIRST_CHANNELS, channels) - 1}"


def _fluxes(image: Path, observed: Observed) -> dict[str, float]:
    """Return the flux densities fitted in an image, Jy: the same fit for everybody."""
    from dsa_hcal_assets.radio.imaging.measurements import fit_source, read_plane

    plane = read_plane(image)
    every = (observed.calibrator, *observed.neighbours)
    fits = {one.name: fit_source(plane, one.ra_deg, one.dec_deg) for one in every}
    return {name: fit.flux_jy for name, fit in fits.items() if fit is not None}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
