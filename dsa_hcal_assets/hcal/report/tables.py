"""Tables and the time line of the detector QA report."""

import numpy as np
import pandas as pd

from dsa_hcal_assets.hcal.mapping.geometry import HCAL_TOWERS, tower_name
from dsa_hcal_assets.quality import figures
from dsa_hcal_assets.quality.report import Table
from dsa_hcal_assets.quality.statistics import robust_zscores

WORST = 12  # towers listed
NOTABLE = 5.0  # robust standard deviations from the own half-sector

_LEVELS = {"pass": figures.GREEN, "warn": figures.ORANGE, "fail": figures.RED}


def board_table(boards: pd.DataFrame) -> Table:
    """Return one row a board: how often it was read, its newest state, its last trouble.

    Parameters
    ----------
    boards
        As `readers.board_health` returns.
    """
    rows = []
    for name, one in boards.groupby("board", sort=True):
        counts = one["status"].value_counts()
        troubles = one[one["status"] != "ok"]
        newest = one.iloc[-1]
        since = _since(one)
        rows.append(
            [
                f"board {name}",
                newest["status"] + (f" since {since:%H:%M:%S}" if since is not None else ""),
                *(int(counts.get(status, 0)) for status in ("ok", "partial", "down", "absent")),
                int(one["failed_readings"].sum()),
                troubles["error"].iloc[-1] if len(troubles) else "",
            ]
        )
    columns = ["Board", "Newest state", "OK", "Partial", "Down", "Absent", "Failed readings", "Last trouble"]
    return Table("State of each board (number of snapshots)", columns, rows)


def worst_towers(towers: pd.DataFrame, allowed: tuple[float, float]) -> Table:
    """Return the towers that stand out: outside the limits, or far from their own half-sector.

    Parameters
    ----------
    towers
        As `readers.towers_of_day` returns.
    allowed
        Temperatures (deg C) that need no mention.
    """
    frame = towers[towers["n"] > 0].copy()
    by_half_sector = frame.groupby("half_sector")
    for column in ("temperature", "leakage"):
        frame[f"{column}_z"] = by_half_sector[column].transform(
            lambda values: robust_zscores(values.to_numpy())
        )
    outside = (frame["temperature_min"] < allowed[0]) | (frame["temperature_max"] > allowed[1])
    z = frame[["temperature_z", "leakage_z"]].abs().max(axis=1)
    frame["rank"] = np.where(outside, np.inf, z)
    chosen = frame[outside | (z > NOTABLE)].sort_values(["rank", "tower_id"], ascending=[False, True])
    rows = [
        [
            tower_name(int(row["tower_id"])),
            f"({row['ieta']}, {row['iphi']})",
            row["temperature"],
            f"{row['temperature_min']:.2f} to {row['temperature_max']:.2f}",
            row["temperature_z"],
            row["leakage"],
            row["leakage_z"],
        ]
        for row in chosen.head(WORST).to_dict("records")
    ]
    return Table(
        "Towers outside the temperature limits or far from their half-sector",
        [
            "Tower",
            "(ieta, iphi)",
            "Mean °C",
            "Range °C",
            "z temperature",
            "Mean leakage (board units)",
            "z leakage",
        ],
        rows,
        note=f"Number of such towers: {len(chosen)}. z: robust standard deviations from the median of the "
        f"own half-sector, listed beyond {NOTABLE:g}.",
    )


def coverage_figure(snapshots: pd.DataFrame) -> bytes:
    """Return the towers read in each snapshot over the day, coloured by the snapshot's verdict."""
    figure = figures.figure(8.2, 2.6)
    axes = figure.add_subplot()
    hour = [cycle.hour + cycle.minute / 60 + cycle.second / 3600 for cycle in snapshots["cycle"]]
    axes.plot(hour, snapshots["towers_read"], color=figures.GREY, linewidth=0.8, drawstyle="steps-mid")
    for level, colour in _LEVELS.items():
        chosen = (snapshots["level"] == level).to_numpy(dtype=bool)
        if chosen.any():
            axes.scatter(
                np.array(hour)[chosen],
                snapshots["towers_read"][chosen],
                s=9,
                color=colour,
                label=level,
                zorder=3,
            )
    axes.axhline(HCAL_TOWERS, color=figures.GREY, linewidth=0.6, linestyle=":")
    axes.set_xlim(0, 24)
    axes.set_xticks(range(0, 25, 3))
    axes.set_ylim(0, HCAL_TOWERS * 1.05)
    axes.set_xlabel("hour (UTC)")
    axes.set_ylabel("towers read")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right", ncols=3, frameon=False)
    return figures.png(figure)


def _since(one: pd.DataFrame) -> pd.Timestamp | None:
    """Return when the newest state began, None if it is `ok` or held all day."""
    newest = one["status"].iloc[-1]
    changes = one[one["status"] != newest]
    if newest == "ok" or changes.empty:
        return None
    after: pd.Timestamp = one[one["ts"] > changes["ts"].iloc[-1]]["ts"].iloc[0]
    return after
