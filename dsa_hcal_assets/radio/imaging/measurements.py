"""What an image is worth: noise, dynamic range, beam, and fits of sources."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.calibration.standards import Calibrator, separation_deg
from dsa_hcal_assets.radio.flagging.steps import MAD_TO_SIGMA

FWHM_TO_SIGMA = 1 / np.sqrt(8 * np.log(2))


@dataclass(frozen=True)
class Plane:
    """One FITS image as a plane: values (ny, nx), Jy/beam; header; celestial coordinates."""

    values: NDArray[np.float64]
    header: Any
    sky: Any

    @property
    def cell_deg(self) -> float:
        """Pixel size, deg."""
        return abs(float(self.header["CDELT2"]))

    @property
    def beam_deg(self) -> tuple[float, float, float]:
        """Restoring beam: major and minor axis (FWHM) and position angle, deg.

        Raises
        ------
        BadInput
            If the header has none.
        """
        try:
            return tuple(float(self.header[key]) for key in ("BMAJ", "BMIN", "BPA"))  # type: ignore[return-value]
        except KeyError as error:
            raise BadInput("an image has no restoring beam in its header") from error

    def pixel_of(self, ra_deg: float, dec_deg: float) -> tuple[float, float]:
        """Return (x, y), counted from 0, of a position."""
        x, y = self.sky.wcs_world2pix(ra_deg, dec_deg, 0)
        return float(x), float(y)

    def add_beam(self, x0: float, y0: float, jy: float) -> None:
        """Add the restoring beam, peak `jy`, about a place in pixels; changes the values."""
        major, minor, angle = self.beam_deg
        a, b = (axis / self.cell_deg * FWHM_TO_SIGMA for axis in (major, minor))
        # beyond 7 sigma it is below 1e-10 of the peak
        rows, columns = self.around(x0, y0, 7 * a)
        y, x = np.mgrid[rows, columns]
        turn = np.radians(angle)
        along = -(x - x0) * np.sin(turn) + (y - y0) * np.cos(turn)
        across = (x - x0) * np.cos(turn) + (y - y0) * np.sin(turn)
        self.values[rows, columns] += jy * np.exp(-0.5 * ((along / a) ** 2 + (across / b) ** 2))

    def around(self, x: float, y: float, reach: float) -> tuple[slice, slice]:
        """Return rows and columns of the pixels within `reach` of a place, on the plane."""
        side = int(np.ceil(reach))
        ends = ((round(at) - side, round(at) + side + 1) for at in (y, x))
        rows, columns = (
            slice(*np.clip(pair, 0, size)) for pair, size in zip(ends, self.values.shape, strict=True)
        )
        return rows, columns


@dataclass(frozen=True)
class SourceFit:
    """A Gaussian fitted to a source: peak Jy/beam, integrated flux density Jy, position deg (ICRS)."""

    peak_jy: float
    flux_jy: float
    ra_deg: float
    dec_deg: float


def read_plane(path: Path) -> Plane:
    """Read a FITS image of one frequency and Stokes parameter."""
    from astropy.io import fits

    with fits.open(path) as opened:
        header, data = opened[0].header, np.asarray(opened[0].data, dtype=np.float64)
    return Plane(data.reshape(data.shape[-2:]), header, celestial(header))


def celestial(header: Any) -> Any:
    """Return the celestial coordinates of a FITS header."""
    from astropy.wcs import WCS, FITSFixedWarning

    with warnings.catch_warnings():
        # both imagers leave keywords out that astropy derives from others, and tells so
        warnings.simplefilter("ignore", FITSFixedWarning)
        return WCS(header).celestial


def noise_jy(residual: Plane, beam: NDArray[np.float32] | None = None, floor: float = 0.1) -> float:
    """Robust rms of the residual (1.4826 MAD), inside the primary beam where given, Jy/beam."""
    values = residual.values if beam is None else residual.values[beam >= floor]
    values = values[np.isfinite(values)]
    if values.size == 0:
        return float("nan")
    return float(MAD_TO_SIGMA * np.median(np.abs(values - np.median(values))))


def peak(plane: Plane) -> tuple[float, float, float]:
    """Return the brightest pixel: Jy/beam, ra, dec (deg)."""
    index = int(np.nanargmax(plane.values))
    y, x = divmod(index, plane.values.shape[1])
    ra, dec = plane.sky.wcs_pix2world(x, y, 0)
    return float(plane.values[y, x]), float(ra) % 360.0, float(dec)


def fit_source(plane: Plane, ra_deg: float, dec_deg: float, *, point: bool = True) -> SourceFit | None:
    """Fit an elliptical Gaussian (and a constant) to the source nearest a position.

    The fit is made on the pixels within 1.5 beams. `point` holds the shape at the restoring beam,
    for sources known to be unresolved and for faint ones; otherwise the shape is free.

    Returns None when the position is off the image or the fit does not converge.
    """
    from scipy.optimize import OptimizeWarning, curve_fit

    major, minor, angle = plane.beam_deg
    x0, y0 = plane.pixel_of(ra_deg, dec_deg)
    half = int(np.ceil(1.5 * major / plane.cell_deg)) + 1
    ny, nx = plane.values.shape
    if not (half <= x0 < nx - half and half <= y0 < ny - half):
        return None
    cx, cy = round(x0), round(y0)
    cut = plane.values[cy - half : cy + half + 1, cx - half : cx + half + 1]
    y, x = np.mgrid[0 : 2 * half + 1, 0 : 2 * half + 1].astype(float)
    use = np.isfinite(cut) & (np.hypot(x - half, y - half) <= half)
    if use.sum() < 8:
        return None
    sigmas = np.array([major, minor]) / plane.cell_deg * FWHM_TO_SIGMA

    def shape(at: NDArray[np.float64], *p: float) -> NDArray[np.float64]:
        a, b, turn = (p[4], p[5], p[6]) if len(p) > 4 else (sigmas[0], sigmas[1], np.radians(angle))
        # position angle runs from north (+y) through east (-x)
        along = -(at[0] - p[1]) * np.sin(turn) + (at[1] - p[2]) * np.cos(turn)
        across = (at[0] - p[1]) * np.cos(turn) + (at[1] - p[2]) * np.sin(turn)
        return np.asarray(p[0] * np.exp(-0.5 * ((along / a) ** 2 + (across / b) ** 2)) + p[3])

    # counted from the corner: the step of the numerical derivative is relative to a parameter, and a place
    # that is zero but for rounding would not be moved at all
    start = [float(np.nanmax(cut[use])), x0 - cx + half, y0 - cy + half, 0.0]
    if not point:
        start += [*sigmas, np.radians(angle)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", OptimizeWarning)  # the covariance is not used
            best, _ = curve_fit(shape, np.stack([x[use], y[use]]), cut[use], p0=start, maxfev=4000)
    except RuntimeError:
        return None
    ra, dec = plane.sky.wcs_pix2world(cx - half + best[1], cy - half + best[2], 0)
    area = 1.0 if point else abs(best[4] * best[5]) / (sigmas[0] * sigmas[1])
    return SourceFit(float(best[0]), float(best[0] * area), float(ra) % 360.0, float(dec))


@dataclass(frozen=True)
class KnownSource:
    """A source whose position (ICRS, deg) and flux density are known.

    Attributes
    ----------
    jy
        Flux density at `at_hz` (None: at the image's frequency), Jy; in a `Comparison` as the source
        should appear in the image, through the primary beam.
    index
        Spectral index.
    point
        Whether it is unresolved.
    """

    name: str
    ra_deg: float
    dec_deg: float
    jy: float
    point: bool = True
    index: float = 0.0
    at_hz: float | None = None

    def spectrum(self, middle_hz: float) -> Calibrator:
        """Return it with its spectrum; `middle_hz` is the image's frequency."""
        at_hz = middle_hz if self.at_hz is None else self.at_hz
        return Calibrator.of_power_law(self.name, self.ra_deg, self.dec_deg, self.jy, self.index, at_hz)


@dataclass(frozen=True)
class Comparison:
    """A known source as found: fitted over known flux density, how far from the known position (arcsec)."""

    source: KnownSource
    fit: SourceFit
    flux_ratio: float
    offset_arcsec: float
    east: float
    north: float


def compare(plane: Plane, known: Sequence[KnownSource]) -> list[Comparison]:
    """Fit the known sources that lie on an image."""
    found = []
    for source in known:
        fit = fit_source(plane, source.ra_deg, source.dec_deg, point=source.point)
        if fit is not None:
            offset = separation_deg(fit.ra_deg, fit.dec_deg, source.ra_deg, source.dec_deg) * 3600
            east = (fit.ra_deg - source.ra_deg + 180) % 360 - 180
            east *= 3600 * np.cos(np.radians(source.dec_deg))
            north = 3600 * (fit.dec_deg - source.dec_deg)
            found.append(Comparison(source, fit, fit.flux_jy / source.jy, offset, float(east), north))
    return found
