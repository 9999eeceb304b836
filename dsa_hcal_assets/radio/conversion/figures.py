"""Pictures of a Measurement Set for its checks and reports."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.quality.figures import BLUE, GREY, ORANGE, figure, png
from dsa_hcal_assets.radio.conversion.survey import Survey

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Room a name takes, east and north, as a share of the array: names that would overlap are left out.
LABEL_SHARE = (0.11, 0.035)
CORRELATION_COLOURS = (BLUE, ORANGE, "#009E73", "#D55E00")


def draw(found: Survey) -> dict[str, bytes]:
    """Return the figures as PNG by caption."""
    return {
        "uv coverage": png(uv_coverage(found)),
        "Antennas": png(antenna_map(found)),
        "Mean cross amplitude against frequency, one colour a correlation": png(
            amplitude_of_frequency(found)
        ),
        "Mean cross amplitude against time": png(amplitude_of_time(found)),
        "Flagged share of cross-correlations, time against frequency": png(flag_occupancy(found)),
        "Flagged share of each antenna's cross-correlations; hatched: no receptor has data": png(
            flags_of_antennas(found)
        ),
    }


def uv_coverage(found: Survey) -> "Figure":
    """Baselines and their mirror images, km."""
    picture = figure(5.0, 5.0)
    axes = picture.add_subplot()
    uv = found.uv_m / 1e3
    axes.plot(*np.concatenate([uv, -uv]).T, ",", color=BLUE)
    axes.set(xlabel="u (km)", ylabel="v (km)", aspect="equal", title="uv coverage")
    return picture


def antenna_map(found: Survey) -> "Figure":
    """Antennas with data, east and north of their mean, m."""
    picture = figure(5.0, 5.0)
    axes = picture.add_subplot()
    if len(found.antennas_used):
        _mark_antennas(axes, found)
    axes.set(
        xlabel="east (m)",
        ylabel="north (m)",
        aspect="equal",
        title=f"{len(found.antennas_used)} antennas",
        adjustable="datalim",
    )
    return picture


def amplitude_of_frequency(found: Survey) -> "Figure":
    """Mean amplitude of each channel, a line a correlation."""
    picture = figure()
    axes = picture.add_subplot()
    for window in found.windows:
        for number, values in enumerate(window.mean_amplitude.T):
            axes.plot(
                window.frequencies_hz / 1e6, values, ".-", ms=3, lw=0.8, color=CORRELATION_COLOURS[number % 4]
            )
    axes.set(xlabel="frequency (MHz)", ylabel="mean |V| (data units)")
    _from_zero(axes)
    axes.grid(alpha=0.3)
    return picture


def amplitude_of_time(found: Survey) -> "Figure":
    """Mean amplitude of each integration."""
    picture = figure()
    axes = picture.add_subplot()
    minutes = (found.times - found.times.min(initial=np.inf)) / 60 if len(found.times) else found.times
    axes.plot(minutes, found.amplitude_of_time, ".", color=BLUE)
    axes.set(xlabel="minutes since the first integration", ylabel="mean |V| (data units)")
    _from_zero(axes)
    axes.grid(alpha=0.3)
    return picture


def flag_occupancy(found: Survey) -> "Figure":
    """Flagged share of each integration and channel, %."""
    picture = figure()
    axes = picture.add_subplot()
    for window in found.windows if len(found.times) else ():
        counted = (window.counted_of_time / len(window.frequencies_hz))[:, None]
        share = np.divide(
            100 * window.flagged_of_time,
            counted,
            out=np.full_like(window.flagged_of_time, np.nan),
            where=counted > 0,
        )
        half = window.widths_hz[[0, -1]] / 2
        low, high = (window.frequencies_hz[[0, -1]] + [-half[0], half[1]]) / 1e6
        axes.imshow(
            share, extent=(low, high, len(share), 0), aspect="auto", vmin=0, vmax=100, interpolation="nearest"
        )
    if axes.images:
        picture.colorbar(axes.images[0], label="flagged (%)")
        axes.autoscale()
    axes.set(xlabel="frequency (MHz)", ylabel="integration")
    return picture


def flags_of_antennas(found: Survey) -> "Figure":
    """Flagged share of each antenna, %; stations without data are hatched."""
    picture = figure()
    axes = picture.add_subplot()
    share = 100 * found.pairs.flagged_of_antenna
    working = found.pairs.working.any(axis=1)
    at = np.arange(len(share))
    axes.bar(at[working], share[working], color=BLUE)
    axes.bar(at[~working], share[~working], color="white", edgecolor=GREY, hatch="///")
    names = [found.antenna_names[antenna] for antenna in found.pairs.antennas]
    step = max(1, len(names) // 40)
    axes.set_xticks(at[::step], names[::step], fontsize=6, rotation=90)
    axes.set(xlabel="antenna", ylabel="flagged (%)", ylim=(0, 100))
    return picture


def _from_zero(axes: "Axes") -> None:
    top = axes.dataLim.y1
    axes.set_ylim(0, 1.1 * top if np.isfinite(top) and top > 0 else 1)


def _mark_antennas(axes: "Axes", found: Survey) -> None:
    used = found.antennas_used
    east, north = _east_north(found.antenna_positions_m[used])
    axes.plot(east, north, "o", ms=4, color=BLUE)
    axes.margins(0.12)
    labelled: list[tuple[float, float]] = []
    width, height = (share * np.ptp(np.stack([east, north]), axis=1).max() for share in LABEL_SHARE)
    for x, y, antenna in zip(east, north, used, strict=True):
        if any(abs(x - other) < width and abs(y - beside) < height for other, beside in labelled):
            continue
        labelled.append((x, y))
        axes.annotate(
            found.antenna_names[antenna],
            (x, y),
            fontsize=6,
            color=GREY,
            xytext=(3, 3),
            textcoords="offset points",
        )


def _east_north(positions_m: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    centre = positions_m.mean(axis=0)
    lon, lat = np.arctan2(centre[1], centre[0]), np.arcsin(centre[2] / np.linalg.norm(centre))
    x, y, z = (positions_m - centre).T
    east = -np.sin(lon) * x + np.cos(lon) * y
    north = -np.sin(lat) * (np.cos(lon) * x + np.sin(lon) * y) + np.cos(lat) * z
    return east, north
