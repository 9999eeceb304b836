"""WSClean behind the common interface."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from dsa_hcal_assets.radio.imaging.imager import PLANES, ImageParameters, ImageReport
from dsa_hcal_assets.workers.program import run_program

DATA_COLUMN = "DATA"
# a spectrum of n terms is fitted to twice as many bands
BANDS_PER_TERM = 2


def run(ms: Path, out_dir: Path, parameters: ImageParameters) -> ImageReport:
    """Image with WSClean; see `imager.image`."""
    log = out_dir / "wsclean.log"
    with tempfile.TemporaryDirectory(prefix="wsclean-", dir=out_dir) as room:
        command = [*arguments(parameters, Path(room) / "out"), str(ms)]
        run_program(command, wall_seconds=parameters.wall_seconds, log=log, cwd=Path(room))
        # of several bands the mean is the image; WSClean writes one dirty beam for all of them too
        planes = taken_over(Path(room) / ("out-MFS" if parameters.nterms > 1 else "out"), out_dir, parameters)
    return ImageReport("wsclean", version(), planes, log)


def taken_over(name: Path, out_dir: Path, parameters: ImageParameters) -> dict[str, Path]:
    """Move the planes WSClean wrote under `name` to `out_dir`; return those that are there.

    Where nothing was cleaned it writes neither residual nor model: they are the image and zeros.
    """
    planes = {}
    for plane in PLANES:
        made = name.with_name(f"{name.name}-{plane}.fits")
        if made.is_file():
            planes[plane] = Path(shutil.move(made, out_dir / f"{plane}.fits"))
    if parameters.niter == 0 and "image" in planes:
        for plane in ("residual", "model"):
            planes[plane] = Path(shutil.copyfile(planes["image"], out_dir / f"{plane}.fits"))
        _empty(planes["model"])
    return planes


def _empty(model: Path) -> None:
    from astropy.io import fits

    with fits.open(model, mode="update") as opened:
        opened[0].data[...] = 0
        opened[0].header["BUNIT"] = "JY/PIXEL"


def arguments(parameters: ImageParameters, name: Path) -> list[str]:
    """Return WSClean's command line without the Measurement Set.

    Its own gridder takes w layers up to a radian of phase apart, which costs a source a degree off 3 %
    of its flux density; wgridder (Arras et al. 2021, A&A 646, A58) is as accurate as it is asked to be.
    """
    side = str(parameters.imsize)
    command = [
        "wsclean", "-name", str(name), "-j", str(_threads()), "-temp-dir", str(name.parent),
        "-size", side, side, "-scale", f"{parameters.cell_arcsec}asec", "-pol", parameters.stokes,
        "-weight", "briggs", f"{parameters.robust:g}", "-data-column", DATA_COLUMN,
        "-niter", str(parameters.niter), "-mgain", f"{parameters.mgain:g}", "-gain", "0.1",
        "-threshold", f"{parameters.threshold_jy:g}",
        "-auto-mask", f"{parameters.mask_sigma:g}", "-auto-threshold", f"{parameters.stop_sigma:g}",
        "-no-update-model-required", "-no-dirty",
        "-use-wgridder", "-wgridder-accuracy", f"{parameters.gridding_accuracy:g}",
    ]  # fmt: skip
    if parameters.averaging_lambda:
        command += ["-baseline-averaging", f"{parameters.averaging_lambda:g}"]
    if parameters.niter == 0:
        command.append("-make-psf")
    if parameters.scales:
        command += ["-multiscale", "-multiscale-scales", ",".join(str(one) for one in parameters.scales)]
    if parameters.nterms > 1:
        bands, terms = str(BANDS_PER_TERM * parameters.nterms), str(parameters.nterms)
        command += ["-join-channels", "-channels-out", bands, "-fit-spectral-pol", terms]
    if parameters.most_passes:
        command += ["-nmiter", str(parameters.most_passes)]
    if parameters.channel_range:
        command += ["-channel-range", *map(str, parameters.channel_range)]
    if parameters.uvrange_lambda:
        command += ["-minuv-l", f"{parameters.uvrange_lambda:g}"]
    return command


def version() -> str:
    """Return WSClean's version, e.g. ``3.1.0``."""
    said = subprocess.run(["wsclean", "--version"], capture_output=True, text=True, timeout=30, check=False)
    found = re.search(r"version ([\d.]+)", said.stdout)
    return found[1] if found else "unknown"


def _threads() -> int:
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return int(wanted) if wanted.isdigit() and int(wanted) > 0 else os.cpu_count() or 1
