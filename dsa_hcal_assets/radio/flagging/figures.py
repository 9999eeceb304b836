"""Figures of the flag statistics."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dsa_hcal_assets.radio.flagging.statistics import Statistics, Tally

BLUE, RED = "#2f6690", "#b23a48"


def write_figures(statistics: Statistics, names: list[str], directory: Path) -> list[dict[str, str]]:
    """Write the flag figures as PNG; returns [{caption, path}]."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "flags.png"
    overview(statistics, names).savefig(path, dpi=110)
    caption = (
        f"Flagged share of the cross-correlations of working receptors, {statistics.fraction:.2%} in all: "
        "by antenna, frequency, time and projected baseline length; below: which step flagged first, and "
        "how much the noise is like noise."
    )
    return [{"caption": caption, "path": str(path)}]


def overview(statistics: Statistics, names: list[str]) -> Figure:
    """Draw flagged shares by antenna, frequency, time, baseline length, and by step."""
    figure = Figure(figsize=(11, 6.4), layout="constrained")
    axes = figure.subplots(2, 3)
    ids, shares = statistics.antenna.shares()
    colours = [RED if int(number) in statistics.dead else BLUE for number in ids]
    axes[0, 0].bar(np.arange(ids.size), 100 * shares, color=colours, width=0.8)
    axes[0, 0].set_xticks(
        np.arange(ids.size), [names[int(number)] for number in ids], rotation=90, fontsize=6
    )
    if ids.size > 40:
        axes[0, 0].set_xticks(np.arange(0, ids.size, 8))
    axes[0, 0].set_title("antenna (dead ones red)", fontsize=9)
    _line(axes[0, 1], statistics.frequency, lambda hz: hz / 1e6, "frequency, MHz")
    _line(
        axes[0, 2], statistics.time, lambda seconds: (seconds - seconds.min()) / 60, "time since start, min"
    )
    _line(axes[1, 0], statistics.length, lambda metres: metres, "projected baseline, m")
    steps = statistics.step_fractions()
    axes[1, 1].barh(list(steps), [100 * share for share in steps.values()], color=BLUE)
    axes[1, 1].invert_yaxis()
    axes[1, 1].set_xlabel("first flagged by, %")
    kurtosis = np.array(statistics.kurtosis)
    axes[1, 2].bar(np.arange(kurtosis.size), kurtosis, color=BLUE)
    axes[1, 2].axhline(3, color=RED, lw=1, ls="--")
    axes[1, 2].set_xlabel("spectral window")
    axes[1, 2].set_xlim(-0.5, max(kurtosis.size, 4) - 0.5)
    axes[1, 2].xaxis.get_major_locator().set_params(integer=True)
    axes[1, 2].set_ylabel("kurtosis of channel differences")
    axes[1, 2].set_title("noise (dashed: Gaussian)", fontsize=9)
    for axis in (axes[0, 0], axes[0, 1], axes[0, 2], axes[1, 0]):
        axis.set_ylabel("flagged, %")
        axis.set_ylim(0, max(0.5, 1.1 * axis.get_ylim()[1]))
    return figure


def _line(axis, tally: Tally, convert, label: str) -> None:  # type: ignore[no-untyped-def]
    keys, shares = tally.shares()
    x: NDArray[np.float64] = convert(keys)
    axis.plot(x, 100 * shares, color=BLUE, lw=1, marker=".", ms=3)
    axis.set_xlabel(label)
    axis.locator_params(axis="x", nbins=5)
    axis.ticklabel_format(useOffset=False, axis="x")
