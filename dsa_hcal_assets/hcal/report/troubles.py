"""Anomalies in the report: when they were, as bars over the day, and what they were, one row a place."""

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dsa_hcal_assets.hcal.anomalies.words import KINDS, quantity_words
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.hcal.report.record import clock
from dsa_hcal_assets.quality import figures
from dsa_hcal_assets.quality.report import Figure, Table

LISTED = 30  # places in the table
DRAWN = 24  # places in the picture

_COLOURS = {"error": figures.RED, "warning": figures.ORANGE}
# What says most about the cause comes first where a place has several.
_TELLING = ("silent", "off", "mismatch", "limit", "mode", "change", "history", "neighbours", "half_sector")


def ordered(found: pd.DataFrame) -> pd.DataFrame:
    """Return anomalies grouped by place: open errors first, then errors, each by when they began."""
    frame = found.assign(
        rank=found["severity"].map({"error": 0, "warning": 2}) + found["ended_at"].notna(),
        telling=found["kind"].map({kind: number for number, kind in enumerate(_TELLING)}),
    )
    by_place = frame.groupby("place")
    frame["place_rank"] = by_place["rank"].transform("min")
    frame["place_start"] = by_place["started_at"].transform("min")
    return frame.sort_values(["place_rank", "place_start", "place", "severity", "telling", "started_at"])


def timeline(found: pd.DataFrame, day: str) -> Figure | None:
    """Return the anomalies of a day as bars over its hours, one line a place; None when there are none."""
    if found.empty:
        return None
    start, _ = bounds(day)
    frame = ordered(found)
    places = frame["place"].unique().tolist()
    shown = places[:DRAWN]
    figure = figures.figure(9.4, 1.1 + 0.24 * len(shown))
    axes = figure.add_subplot()
    for severity in ("warning", "error"):
        some = frame[(frame["severity"] == severity) & frame["place"].isin(shown)]
        lines = some["place"].map({place: number for number, place in enumerate(shown)})
        begins = _hour(some["started_at"], start)
        ends = np.nan_to_num(_hour(some["ended_at"], start), nan=24.0)
        axes.barh(
            lines,
            ends - begins,
            left=begins,
            color=_COLOURS[severity],
            height=0.62,
            label=severity,
        )
    axes.set_yticks(range(len(shown)), shown, fontsize=8)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(0, 24)
    axes.set_xticks(range(0, 25, 3))
    axes.set_xlabel("hour (UTC)")
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    caption = "When places were out of order; a bar to the right edge: open"
    if len(places) > DRAWN:
        caption += f". The first {DRAWN} of {len(places)} places"
    return Figure(caption, figures.png(figure))


def trouble_table(found: pd.DataFrame, day: str) -> Table:
    """Return one row a place: how severe, what, since when, until when, the worst value."""
    rows = [_row(str(place), some, day) for place, some in ordered(found).groupby("place", sort=False)]
    note = "Worst: of the first of several. σ: robust standard deviations."
    if len(rows) > LISTED:
        note += f" The first {LISTED} of {len(rows)} places; all are in anomalies.csv of detector_anomalies."
    columns = ["Severity", "Where", "What", "Since (UTC)", "Until", "Worst (limit)"]
    return Table("Places out of order", columns, rows[:LISTED], note if rows else "")


def _row(place: str, some: pd.DataFrame, day: str) -> list[Any]:
    first = some.iloc[0]
    unit = str(first["detail"]["unit"]).replace("deg C", "°C").replace("sigma", "σ")
    what = [
        f"{quantity_words(str(quantity))} {', '.join(KINDS[kind] for kind in same['kind'].unique())}"
        for quantity, same in some.groupby("quantity", sort=False)
    ]
    return [
        "error" if (some["severity"] == "error").any() else "warning",
        place,
        "; ".join(what),
        clock(some["started_at"].min(), day),
        "open" if some["ended_at"].isna().any() else clock(some["ended_at"].max(), day),
        f"{first['value']:.4g} {unit} ({first['limit_value']:g})" if unit != "1" else "",
    ]


def _hour(times: "pd.Series[pd.Timestamp]", start: datetime) -> NDArray[np.float64]:
    """Return hours since the start of the day, those before and after it at its ends."""
    hours = (times - pd.Timestamp(start)) / pd.Timedelta(hours=1)
    return np.clip(hours.to_numpy(dtype=np.float64), 0, 24)
