"""A picture of an image: sources, beam, scale bar, colour bar."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from dsa_hcal_assets.radio.imaging.measurements import Plane

WIDTHS_ARCSEC = (10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)


def write_thumbnail(
    plane: Plane, noise_jy: float, title: str, path: Path, marks: Sequence[tuple[str, float, float]] = ()
) -> None:
    """Write a PNG of an image, stretched so that both the noise and the brightest source show.

    Parameters
    ----------
    plane
        The image.
    noise_jy
        Its noise, Jy/beam.
    title
        Shown above.
    path
        PNG file.
    marks
        (name, ra, dec in deg) of sources to circle.
    """
    from matplotlib.colors import AsinhNorm

    figure = Figure(figsize=(7.4, 6.4), layout="constrained")
    axis = figure.add_subplot(projection=plane.sky)
    bright = float(np.nanmax(plane.values)) >= 1
    unit, factor = ("Jy/beam", 1.0) if bright else ("mJy/beam", 1e3)
    values = factor * plane.values
    noise = factor * max(noise_jy, 1e-9)
    top = max(float(np.nanmax(values)), 10 * noise)
    drawn = axis.imshow(
        values, origin="lower", cmap="inferno", norm=AsinhNorm(3 * noise, vmin=-3 * noise, vmax=top),
        interpolation="nearest",
    )  # fmt: skip
    bar = figure.colorbar(drawn, ax=axis, pad=0.02, shrink=0.9)
    bar.set_label(unit)
    ticks = [-3 * noise, 0, 10 * noise, 100 * noise, 1000 * noise, top]
    shown = [tick for tick in ticks if tick == top or tick < 0.3 * top]
    bar.set_ticks(shown, labels=[f"{tick:.3g}" for tick in shown])
    axis.set_xlabel("right ascension")
    axis.set_ylabel("declination", labelpad=0)
    axis.set_title(title, fontsize=11)
    _beam(axis, plane)
    _scale(axis, plane)
    for name, ra, dec in marks:
        x, y = plane.pixel_of(ra, dec)
        size = 4 * plane.beam_deg[0] / plane.cell_deg
        axis.add_patch(Ellipse((x, y), size, size, fill=False, ec="cyan", lw=0.9))
        axis.annotate(name, (x, y + 0.6 * size), color="cyan", fontsize=7, ha="center", annotation_clip=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _beam(axis, plane: Plane) -> None:  # type: ignore[no-untyped-def]
    major, minor, angle = plane.beam_deg
    side = plane.values.shape[0]
    width, height = minor / plane.cell_deg, major / plane.cell_deg
    place = 0.05 * side + height / 2
    axis.add_patch(Ellipse((place, place), width, height, angle=angle, fc="white", ec="black", lw=0.8))


def _scale(axis, plane: Plane) -> None:  # type: ignore[no-untyped-def]
    side = plane.values.shape[1]
    wanted = 0.22 * side * plane.cell_deg * 3600
    length = max((width for width in WIDTHS_ARCSEC if width <= wanted), default=WIDTHS_ARCSEC[0])
    pixels = length / 3600 / plane.cell_deg
    x, y = 0.95 * side - pixels, 0.05 * side
    axis.plot([x, x + pixels], [y, y], color="white", lw=2.5)
    label = (
        f"{length} arcsec"
        if length < 60
        else f"{length / 60:g} arcmin"
        if length < 3600
        else f"{length / 3600:g} deg"
    )
    axis.text(x + pixels / 2, y + 0.015 * side, label, color="white", ha="center", va="bottom", fontsize=8)
