"""CASA's tclean behind the common interface; runs where CASA is (a worker)."""

import tempfile
from pathlib import Path

from dsa_hcal_assets.radio.imaging.imager import PLANES, ImageParameters, ImageReport


def run(ms: Path, out_dir: Path, parameters: ImageParameters) -> ImageReport:
    """Image with tclean; see `imager.image`.

    The wall limit is the worker's: a CASA task cannot be stopped from inside its process.
    """
    import casatasks

    log = out_dir / "tclean.log"
    planes = {}
    with tempfile.TemporaryDirectory(prefix="tclean-", dir=out_dir) as room:
        name = str(Path(room) / "out")
        reply = casatasks.tclean(
            vis=str(ms),
            imagename=name,
            datacolumn="data",
            spw=_channels(parameters),
            specmode="mfs",
            deconvolver=_deconvolver(parameters),
            scales=list(parameters.scales),
            nterms=parameters.nterms,
            gridder="wproject" if parameters.wide_field else "standard",
            wprojplanes=-1 if parameters.wide_field else 1,
            imsize=parameters.imsize,
            cell=f"{parameters.cell_arcsec}arcsec",
            stokes=parameters.stokes,
            weighting="briggs",
            robust=parameters.robust,
            niter=parameters.niter,
            nmajor=parameters.most_passes or -1,
            gain=0.1,
            **_minor_cycle(parameters),
            threshold=f"{parameters.threshold_jy}Jy",
            # WSClean goes on to stop_sigma where its mask is; without one that takes noise for sources
            nsigma=max(parameters.stop_sigma, parameters.mask_sigma),
            uvrange=f">{parameters.uvrange_lambda:g}lambda" if parameters.uvrange_lambda else "",
            pblimit=-0.1,
            restoringbeam="",
            interactive=False,
            savemodel="none",
        )
        log.write_text(f"{_call_summary(parameters)}\n{reply}\n", encoding="utf-8")
        for plane in PLANES:
            made = Path(f"{name}.{plane}{'.tt0' if parameters.nterms > 1 else ''}")
            if made.is_dir():
                planes[plane] = out_dir / f"{plane}.fits"
                casatasks.exportfits(imagename=str(made), fitsimage=str(planes[plane]), overwrite=True)
    return ImageReport("tclean", _version(), planes, log)


def _minor_cycle(parameters: ImageParameters) -> dict[str, float]:
    """Return how deep a minor cycle goes in an image of few passes: as deep as WSClean's mgain says.

    CASA's own choice goes by the side lobes of the beam, and leaves half a source in a single pass.
    """
    if parameters.most_passes is None:
        return {}
    return {"minpsffraction": 1 - parameters.mgain, "maxpsffraction": 1 - parameters.mgain}


def _channels(parameters: ImageParameters) -> str:
    if parameters.channel_range is None:
        return ""
    first, end = parameters.channel_range
    return f"*:{first}~{end - 1}"


def _deconvolver(parameters: ImageParameters) -> str:
    if parameters.nterms > 1:
        return "mtmfs"
    return "multiscale" if parameters.scales else "hogbom"


def _call_summary(parameters: ImageParameters) -> str:
    return "tclean, reply below; parameters: " + parameters.model_dump_json()


def _version() -> str:
    import casatasks

    return str(casatasks.version_string())
