"""Figures of calibration solutions: bandpass and gains by antenna, as curves and as maps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dsa_hcal_assets.radio.calibration.solutions import Solutions

FEEDS = ("feed 1", "feed 2")
COLOURS = ("#2f6690", "#c8553d")


def write_figures(
    bandpass: Sequence[Solutions], gain: Sequence[Solutions], names: Sequence[str], directory: Path
) -> list[dict[str, str]]:
    """Write the figures of a calibration set as PNG; returns [{caption, path}]."""
    directory.mkdir(parents=True, exist_ok=True)
    drawn = [
        (
            "bandpass",
            curves(bandpass),
            (
                "Bandpass solutions of all antennas: amplitude and phase against frequency; "
                "the thick line is the median."
            ),
        ),
        (
            "bandpass_map",
            maps(bandpass, names, over="frequency"),
            (
                "Bandpass by antenna and frequency: amplitude relative to the antenna's median, "
                "and phase. White: no solution; antennas without any are left out."
            ),
        ),
        (
            "gain_map",
            maps(gain, names, over="time"),
            (
                "Gains by antenna and solution interval: amplitude relative to the antenna's median, "
                "and phase. White: no solution; antennas without any are left out."
            ),
        ),
    ]
    found = []
    for name, figure, caption in drawn:
        path = directory / f"{name}.png"
        figure.savefig(path, dpi=110)
        found.append({"caption": caption, "path": str(path)})
    return found


def curves(windows: Sequence[Solutions]) -> Figure:
    """Draw amplitude and phase of all antennas against frequency, one column a feed."""
    figure = Figure(figsize=(11, 5.6), layout="constrained")
    feeds = windows[0].values.shape[2]
    axes = figure.subplots(2, feeds, sharex=True, squeeze=False, sharey="row")
    for solutions in windows:
        mhz = solutions.frequency_hz / 1e6
        for feed in range(feeds):
            good = solutions.good[:, :, feed]
            axes[0, feed].plot(mhz, np.abs(good).T, lw=0.6, alpha=0.5, color=COLOURS[feed % 2])
            axes[1, feed].plot(
                mhz, np.degrees(np.angle(good)).T, ".", ms=1.2, alpha=0.5, color=COLOURS[feed % 2]
            )
            live = np.isfinite(good).any(axis=0)
            axes[0, feed].plot(mhz[live], np.nanmedian(np.abs(good[:, live]), axis=0), lw=1.8, color="black")
    for feed in range(feeds):
        axes[0, feed].set_title(FEEDS[feed % 2], fontsize=10)
        axes[1, feed].set_xlabel("frequency, MHz")
        axes[1, feed].set_ylim(-180, 180)
        axes[1, feed].set_yticks([-180, -90, 0, 90, 180])
        axes[0, feed].set_ylim(bottom=0)
        axes[1, feed].ticklabel_format(useOffset=False, axis="x")
    axes[0, 0].set_ylabel("amplitude")
    axes[1, 0].set_ylabel("phase, deg")
    return figure


def maps(windows: Sequence[Solutions], names: Sequence[str], *, over: str) -> Figure:
    """Draw relative amplitude and phase as maps of antenna against frequency or time."""
    # slots without a dish have rows too: only antennas with a solution get a line
    solved = [one.antenna[~one.flag.all(axis=(1, 2))] for one in windows]
    antennas = np.unique(np.concatenate(solved))
    feeds = windows[0].values.shape[2]
    planes = [_plane(windows, antennas, feed, over) for feed in range(feeds)]
    figure = Figure(figsize=(11, min(max(4.5, 0.24 * antennas.size), 12)), layout="constrained")
    axes = figure.subplots(1, 2 * feeds, sharey=True, squeeze=False)[0]
    colours, limits = _phase_scale(planes)
    for feed, plane in enumerate(planes):
        middle = np.array([_median(row) for row in np.abs(plane)])[:, None]
        relative, name = np.abs(plane) / middle, FEEDS[feed % 2]
        _map(figure, axes[feed], relative, "viridis", (0.7, 1.3), name, "relative amplitude")
        _map(figure, axes[feeds + feed], np.degrees(np.angle(plane)), colours, limits, name, "phase, deg")
    step = max(1, antennas.size // 32)
    axes[0].set_yticks(
        np.arange(0, antennas.size, step), [names[int(n)] for n in antennas[::step]], fontsize=7
    )
    for axis in axes:
        axis.set_xlabel("channel" if over == "frequency" else "solution interval", fontsize=8)
        axis.xaxis.get_major_locator().set_params(integer=True)
    return figure


def _plane(windows: Sequence[Solutions], antennas: NDArray[Any], feed: int, over: str) -> NDArray[Any]:
    """Return gains, shape (n_antenna, n_channel of all windows or n_time); NaN where there is none."""
    parts = []
    for window in windows:
        solutions = window.of(antennas)
        good = solutions.good[:, :, feed]
        row = np.searchsorted(antennas, solutions.antenna)
        if over == "frequency":
            plane = np.full((antennas.size, good.shape[1]), np.nan, dtype=np.complex128)
            plane[row] = good
        else:
            times, column = np.unique(solutions.time, return_inverse=True)
            plane = np.full((antennas.size, times.size), np.nan, dtype=np.complex128)
            plane[row, column] = good[:, 0]
        parts.append(plane)
    return np.concatenate(parts, axis=1)


def _phase_scale(planes: Sequence[NDArray[Any]]) -> tuple[str, tuple[float, float]]:
    """Return colours and limits (deg) that show the phases there are: of the whole circle or around zero.

    Both colour maps are dark at zero, so that white stays the sign of a missing solution.
    """
    phases = np.abs(np.degrees(np.angle(np.concatenate([plane.ravel() for plane in planes]))))
    known = phases[np.isfinite(phases)]
    largest = float(np.percentile(known, 99)) if known.size else 180.0
    if largest > 120:
        return "twilight", (-180.0, 180.0)
    edge = max(5.0, 5 * float(np.ceil(largest / 5)))
    return "berlin", (-edge, edge)


def _map(  # type: ignore[no-untyped-def]
    figure: Figure, axis: Axes, values, colours: str, limits: tuple[float, float], title: str, label: str
) -> None:
    drawn = axis.imshow(
        values, aspect="auto", interpolation="nearest", cmap=colours, vmin=limits[0], vmax=limits[1]
    )
    axis.set_title(title, fontsize=9)
    extend = "neither" if limits[1] == 180 else "both"
    bar = figure.colorbar(drawn, ax=axis, orientation="horizontal", pad=0.02, shrink=0.9, extend=extend)
    bar.ax.tick_params(labelsize=7)
    bar.set_label(label, fontsize=8)


def _median(values: NDArray[Any]) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else float("nan")
