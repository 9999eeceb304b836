"""Towers in the report: maps of the day, and those that stand out."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dsa_hcal_assets.hcal import maps
from dsa_hcal_assets.hcal.mapping.geometry import Detector, tower_name
from dsa_hcal_assets.quality import figures
from dsa_hcal_assets.quality.report import Figure, Table
from dsa_hcal_assets.quality.statistics import robust_zscores

WORST = 12  # towers listed
NOTABLE = 5.0  # robust standard deviations from the own half-sector
MAPPED = (maps.TEMPERATURE, maps.LEAKAGE, maps.OFFSET)
_ANY = (-np.inf, np.inf)


def day_maps(
    towers: pd.DataFrame, allowed: tuple[float, float], framed: Mapping[str, NDArray[np.bool_]]
) -> dict[str, Figure]:
    """Return the maps of a day's means, by file name; see `readers.towers_of_day`.

    Parameters
    ----------
    allowed
        Temperatures (deg C) that need no frame.
    framed
        Quantity -> towers with anomalies of it, bool[3072].
    """
    drawn = {}
    for quantity in MAPPED:
        for detector in Detector:
            picture = maps.eta_phi_map(
                towers,
                detector,
                quantity,
                allowed if quantity is maps.TEMPERATURE else _ANY,
                framed.get(quantity.column),
            )
            caption = f"{detector.label}: {quantity.label}, mean of the day of each tower"
            drawn[f"{quantity.column}_{detector.label}"] = Figure(caption, figures.png(picture))
    return drawn


def temperature_figures(towers: pd.DataFrame, allowed: tuple[float, float]) -> list[Figure]:
    """Return the temperature maps of both detectors; see `readers.towers_of_day`."""
    return [
        Figure(
            f"{detector.label}: mean temperature of the day",
            figures.png(maps.eta_phi_map(towers, detector, maps.TEMPERATURE, allowed)),
        )
        for detector in Detector
    ]


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
