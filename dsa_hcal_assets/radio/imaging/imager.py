"""One interface over the imaging programs: `image(ms, out_dir, parameters, imager)`."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from dsa_hcal_assets.errors import ConfigurationError, PermanentError
from dsa_hcal_assets.radio.profiles.processing import Imaging

ImagerName = Literal["auto", "wsclean", "tclean"]
PLANES = ("image", "residual", "psf", "model")


class ImagingFailed(PermanentError):
    """An imaging program ended without an image (or with one that is not an image)."""


class ImageParameters(BaseModel):
    """What an image is to be: the same words for both programs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    imsize: int = Field(ge=64, le=16384, description="Side, pixels")
    cell_arcsec: float = Field(gt=0, description="Pixel size, arcsec")
    robust: float = Field(0.5, ge=-2, le=2, description="Briggs robustness")
    niter: int = Field(1000, ge=0, description="Clean iterations")
    threshold_jy: float = Field(0.005, ge=0, description="Clean threshold, Jy/beam")
    uvrange_lambda: float = Field(0.0, ge=0, description="Shortest baseline imaged, wavelengths")
    stokes: str = Field("I", description="Stokes parameters")
    mask_sigma: float = Field(5.0, gt=0, description="Clean starts where peaks exceed this times the noise")
    stop_sigma: float = Field(1.0, gt=0, description="Clean stops at this times the noise, inside its mask")
    mgain: float = Field(0.8, gt=0, le=1, description="Share of the peak cleaned before the next pass")
    most_passes: int | None = Field(None, ge=1, description="Passes over the data after which clean ends")
    channel_range: tuple[int, int] | None = Field(
        None,
        description="First channel imaged and the one after the last, for sets of one window",
    )
    scales: tuple[int, ...] = Field((), description="Scales of multi-scale clean, pixels; none: points only")
    nterms: int = Field(1, ge=1, le=3, description="Terms of the spectrum that clean fits; 1: flat")
    averaging_lambda: float = Field(
        0.0, ge=0, description="Way in the uv plane WSClean averages each baseline over, wavelengths; 0: none"
    )
    gridding_accuracy: float = Field(1e-4, ge=1e-6, le=1e-2, description="Accuracy of WSClean's gridder")
    wide_field: bool = Field(False, description="Correct for the w term")
    wall_seconds: float = Field(1500.0, gt=0, description="Wall limit of the program")

    @property
    def side_deg(self) -> float:
        """Width of the image, deg."""
        return self.imsize * self.cell_arcsec / 3600

    @classmethod
    def of_profile(cls, imaging: Imaging, **overrides: Any) -> "ImageParameters":
        """Return the profile's choices, with those of `overrides` that are not None."""
        values = {name: getattr(imaging, name) for name in cls.model_fields if name in Imaging.model_fields}
        values |= {name: value for name, value in overrides.items() if value is not None}
        # a field much wider than a degree needs the w term
        values.setdefault("wide_field", values["imsize"] * values["cell_arcsec"] > 2 * 3600)
        return cls.model_validate(values)


@dataclass(frozen=True)
class ImageReport:
    """The FITS files an imaging program wrote: image, residual, psf, model; and what wrote them."""

    imager: str
    version: str
    planes: dict[str, Path]
    log: Path


Program = Callable[[Path, Path, ImageParameters], ImageReport]


def choose_imager(wanted: ImagerName = "auto") -> Literal["wsclean", "tclean"]:
    """Return the imager to use: WSClean when installed, else tclean.

    Raises
    ------
    ConfigurationError
        If WSClean is asked for and not installed.
    """
    installed = shutil.which("wsclean") is not None
    if wanted == "wsclean" and not installed:
        raise ConfigurationError(
            "WSClean is asked for but not installed",
            remedy="apt-get install wsclean, or set DSA_HCAL_RADIO__IMAGER=tclean",
        )
    if wanted == "auto":
        return "wsclean" if installed else "tclean"
    return wanted


def image(ms: Path, out_dir: Path, parameters: ImageParameters, imager: ImagerName = "auto") -> ImageReport:
    """Image all data of a Measurement Set (one field) and return the planes as FITS.

    Parameters
    ----------
    ms
        Calibrated set of one field; its DATA column is imaged, flagged data are left out.
    out_dir
        Where the FITS files go; made when absent.
    parameters
        The image asked for.
    imager
        Program to use.

    Raises
    ------
    ImagingFailed
        If the program fails or a plane is missing afterwards.
    DeadlineExceeded
        If it takes longer than its wall limit.
    """
    from dsa_hcal_assets.radio.imaging import tclean, wsclean

    programs: dict[str, Program] = {"wsclean": wsclean.run, "tclean": tclean.run}
    ms, out_dir = ms.absolute(), out_dir.absolute()  # programs run in a directory of their own
    out_dir.mkdir(parents=True, exist_ok=True)
    return require_whole(programs[choose_imager(imager)](ms, out_dir, parameters))


def require_whole(report: ImageReport) -> ImageReport:
    """Return the report of an imaging program that wrote every plane; raises `ImagingFailed`."""
    missing = [plane for plane in PLANES if plane not in report.planes or not report.planes[plane].is_file()]
    if missing:
        raise ImagingFailed(
            f"{report.imager} wrote no {', '.join(missing)}",
            kept="nothing",
            remedy=f"read its log {report.log}",
        )
    return report
