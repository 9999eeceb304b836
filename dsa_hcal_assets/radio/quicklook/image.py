"""The quick look's image: the whole field, few clean iterations."""

import tempfile
from pathlib import Path

from dsa_hcal_assets.radio.imaging import wsclean
from dsa_hcal_assets.radio.imaging.imager import (
    ImageParameters,
    ImageReport,
    ImagerName,
    choose_imager,
    image,
    require_whole,
)
from dsa_hcal_assets.radio.profiles.processing import Imaging
from dsa_hcal_assets.workers.program import run_program

PRESET = "quicklook"
# One major iteration, stopped at a twentieth of the peak: half of the cost of a full clean is passes
# over the data. Errors of 1e-3 in the gridder are far below what one iteration leaves of side lobes.
QUICK = ("-use-wgridder", "-wgridder-accuracy", "1e-3", "-mgain", "0.95", "-nmiter", "1")


def quick_parameters(imaging: Imaging) -> ImageParameters:
    """Return the preset ``quicklook`` of a profile, as wide as its standard image."""
    preset = imaging.of_preset(PRESET)
    cell = float(preset.get("cell_arcsec", imaging.cell_arcsec))
    side = round(imaging.imsize * imaging.cell_arcsec / cell)
    return ImageParameters.of_profile(imaging, **{**preset, "imsize": side + side % 2})


def quick_image(
    ms: Path, out_dir: Path, parameters: ImageParameters, imager: ImagerName = "auto"
) -> ImageReport:
    """Image a calibrated set quickly; planes as `imager.image` names them.

    Raises
    ------
    ProgramFailed, DeadlineExceeded, ImagingFailed
        If the imaging program fails or takes too long.
    """
    if choose_imager(imager) == "tclean":
        return image(ms, out_dir, parameters, "tclean")
    out_dir.mkdir(parents=True, exist_ok=True)
    log = out_dir / "wsclean.log"
    with tempfile.TemporaryDirectory(prefix="quick-", dir=ms.parent) as room:
        command = [*wsclean.arguments(parameters, Path(room) / "out"), *QUICK, str(ms)]
        run_program(command, wall_seconds=parameters.wall_seconds, log=log, cwd=Path(room))
        planes = wsclean.taken_over(Path(room) / "out", out_dir, parameters)
    return require_whole(ImageReport("wsclean", wsclean.version(), planes, log))
