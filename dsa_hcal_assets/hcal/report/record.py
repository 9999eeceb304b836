"""What is in the record and what is missing from it: coverage over the day, gaps, boards."""

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.hcal.mapping.geometry import HCAL_TOWERS
from dsa_hcal_assets.quality import figures
from dsa_hcal_assets.quality.report import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LISTED = 40  # gaps

_LEVELS = {"pass": figures.GREEN, "warn": figures.ORANGE, "fail": figures.RED}
_STATUS = {"ok": figures.GREEN, "partial": figures.ORANGE, "down": figures.RED, "absent": "#7a3b9a"}


def coverage_figure(snapshots: pd.DataFrame, boards: pd.DataFrame, gaps: pd.DataFrame, day: str) -> bytes:
    """Return the day's coverage: towers read in each snapshot, and below the state of each board.

    Parameters
    ----------
    snapshots, boards, gaps
        As `readers.snapshots`, `readers.board_health` and `coverage.gaps_of_day` return. Times without
        any snapshot are hatched.
    """
    figure = figures.figure(9.4, 4.6)
    towers, states = figure.subplots(2, 1, sharex=True, height_ratios=(1.1, 1.4))
    start, _ = bounds(day)
    _draw_towers(towers, snapshots, start)
    _draw_boards(states, boards, start)
    missing = gaps[gaps["board"].isna()]
    spans = list(zip(_hours(missing["start"], start), _hours(missing["end"], start), strict=True))
    for axes in (towers, states):
        for low, high in spans:
            axes.axvspan(
                low, high, facecolor="#eceef1", edgecolor="#b9bfc8", hatch="///", linewidth=0, zorder=0
            )
    states.set_xlim(0, 24)
    states.set_xticks(range(0, 25, 3))
    states.set_xlabel("hour (UTC); hatched: no snapshot")
    return figures.png(figure)


def gap_table(gaps: pd.DataFrame, day: str) -> Table:
    """Return the gaps of the day, those of all boards and the longest first; see `coverage.gaps`."""
    frame = gaps.assign(length=gaps["end"] - gaps["start"], all_boards=gaps["board"].isna())
    frame = frame.sort_values(["all_boards", "length", "start"], ascending=[False, False, True])
    rows = [
        [
            "all boards" if row["all_boards"] else f"board {row['board']}",
            clock(row["start"], day),
            clock(row["end"], day),
            _duration(row["length"]),
            row["cycles"],
            row["reason"],
        ]
        for row in frame.head(LISTED).to_dict("records")
    ]
    note = "From the first missing cycle to the next one that is there."
    if len(frame) > LISTED:
        note += (
            f" The {LISTED} longest of {len(frame)} are listed; all are in gaps.csv of detector_anomalies."
        )
    return Table("Gaps", ["Where", "From (UTC)", "To", "Length", "Cycles", "Why"], rows, note)


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


def _draw_towers(axes: "Axes", snapshots: pd.DataFrame, start: datetime) -> None:
    hour = _hours(snapshots["cycle"], start)
    for level, colour in _LEVELS.items():
        chosen = (snapshots["level"] == level).to_numpy(dtype=bool)
        if chosen.any():
            axes.vlines(hour[chosen], 0, snapshots["towers_read"][chosen], color=colour, linewidth=1.2)
            axes.scatter(
                hour[chosen], snapshots["towers_read"][chosen], s=9, color=colour, label=level, zorder=3
            )
    axes.axhline(HCAL_TOWERS, color=figures.GREY, linewidth=0.6, linestyle=":")
    axes.set_ylim(0, HCAL_TOWERS * 1.08)
    axes.set_ylabel("towers read")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, title="snapshot")


def _draw_boards(axes: "Axes", boards: pd.DataFrame, start: datetime) -> None:
    names = sorted(boards["board"].unique())
    place = boards["board"].map({name: number for number, name in enumerate(names)})
    hour = pd.Series(_hours(boards["ts"], start), index=boards.index)
    for status, colour in _STATUS.items():
        chosen = boards["status"] == status
        if chosen.any():
            axes.scatter(
                hour[chosen], place[chosen], marker="|", s=34, color=colour, linewidth=1.6, label=status
            )
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_ylim(len(names) - 0.3, -0.7)
    axes.set_ylabel("board")
    if names:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, title="board")


def _hours(times: "pd.Series[pd.Timestamp]", start: datetime) -> np.ndarray:
    since = pd.to_datetime(times, utc=True) - pd.Timestamp(start)  # of an empty table nothing knows the type
    return np.asarray(since / pd.Timedelta(hours=1), dtype=np.float64)


def clock(time: datetime, day: str) -> str:
    """Return a time of the day for people; one of another day with its date, the day's end as 24:00."""
    start, end = bounds(day)
    if time == end:
        return "24:00:00"
    return f"{time:%H:%M:%S}" if start <= time < end else f"{time:%Y-%m-%d %H:%M}"


def _duration(length: pd.Timedelta) -> str:
    hours, seconds = divmod(round(length.total_seconds()), 3600)
    return f"{hours} h {seconds // 60:02d} min" if hours else f"{seconds // 60} min {seconds % 60:02d} s"


def _since(one: pd.DataFrame) -> pd.Timestamp | None:
    """Return when the newest state began, None if it is `ok` or held all day."""
    newest = one["status"].iloc[-1]
    changes = one[one["status"] != newest]
    if newest == "ok" or changes.empty:
        return None
    after: pd.Timestamp = one[one["ts"] > changes["ts"].iloc[-1]]["ts"].iloc[0]
    return after
