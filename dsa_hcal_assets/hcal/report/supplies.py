"""Supplies in the report: bias of each sector, set and measured, and every channel not simply on."""

from typing import Any

import pandas as pd

from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.supplies.pictures import bias_figures
from dsa_hcal_assets.quality.report import Section, Table

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
    odd = supplies[
        supplies["state"].notna() & ((supplies["state"] != "On") | (supplies["on"] < supplies["n"]))
    ]
    states = supplies["state"].value_counts()
    said = ", ".join(f"{count} {state}" for state, count in states.items()) or "no channel says its state"
    crates = supplies["crate"].nunique()
    text = f"{len(supplies)} channels of {crates} crates and meters were read. Last state: {said}."
    return Section("Supplies", (), bias_figures(supplies), [_table(odd)], text=text)


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
