"""Supplies in the report: bias of each sector, set and measured, and every channel not simply on."""

from typing import Any

import pandas as pd

from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.quality import figures
from dsa_hcal_assets.quality.report import Figure, Section, Table

LISTED = 40
NO_READINGS = (
    "NO SUPPLY READINGS of this day are loaded: nothing here says whether bias and low voltage were right. "
    "The controllers' own voltages are in the checks of towers."
)


def supply_section(supplies: pd.DataFrame) -> Section:
    """Return the section of the supplies; without readings it says so instead of looking healthy.

    Parameters
    ----------
    supplies
        As `hcal.supplies.readers.supplies_of_day` returns.
    """
    if supplies.empty:
        return Section("Supplies", text=NO_READINGS)
    bias = supplies[supplies["hcal_sector"].notna()]
    odd = supplies[
        supplies["state"].notna() & ((supplies["state"] != "On") | (supplies["on"] < supplies["n"]))
    ]
    states = supplies["state"].value_counts()
    said = ", ".join(f"{count} {state}" for state, count in states.items()) or "no channel says its state"
    crates = supplies["crate"].nunique()
    text = f"{len(supplies)} channels of {crates} crates and meters were read. Last state: {said}."
    return Section("Supplies", (), _figures(bias), [_table(odd)], text=text)


def _figures(bias: pd.DataFrame) -> list[Figure]:
    if bias.empty:
        return []
    figure = figures.figure(9.4, 3.0)
    volts, amperes = figure.subplots(1, 2)
    sector = bias["hcal_sector"].astype(int)
    volts.vlines(sector, bias["v_meas_min"], bias["v_meas_max"], color=figures.BLUE, alpha=0.4)
    volts.scatter(sector, bias["v_meas"], s=12, color=figures.BLUE, label="measured", zorder=3)
    volts.scatter(sector, bias["v_set"], s=30, marker="_", color=figures.RED, label="set", zorder=4)
    volts.set_ylabel("bias (V)")
    amperes.scatter(sector, 1e6 * bias["i_meas"], s=12, color=figures.BLUE, label="mean")
    amperes.scatter(sector, 1e6 * bias["i_meas_max"], s=14, marker="^", color=figures.ORANGE, label="highest")
    amperes.set_ylabel("current (µA)")
    for axes in (volts, amperes):
        axes.axvline(geometry.SECTORS - 0.5, color=figures.GREY, linewidth=0.8)
        axes.set_xlabel("sector: 0–31 outer, 32–63 inner")
        axes.grid(axis="y", alpha=0.25)
        axes.legend(frameon=False, fontsize=8)
    return [
        Figure(
            "Bias of each sector over the day: measured (range thin) and set, and its current",
            figures.png(figure),
        )
    ]


def _table(odd: pd.DataFrame) -> Table:
    rows: list[list[Any]] = [
        [
            f"{row['crate']} slot {row['slot']} channel {row['channel']}",
            "" if pd.isna(row["hcal_sector"]) else geometry.sector_label(int(row["hcal_sector"])),
            row["state"],
            row["tripped"],
            row["current_limited"],
            row["other"],
            row["v_set"],
            row["v_meas"],
        ]
        for row in odd.head(LISTED).to_dict("records")
    ]
    columns = [
        "Channel",
        "Sector",
        "Last state",
        "Tripped",
        "Current limited",
        "Other",
        "Set V",
        "Measured V",
    ]
    note = f"{len(odd)} channels; numbers of readings in each state." if rows else ""
    return Table("Channels that were not on all day", columns, rows, note)
