"""Numbers that say whether a day of the EMCal's state can be trusted, for the gates to judge.

Belongs here: measuring, on the frames of `readers`. Not here: limits (quality/thresholds.toml, stage
`emcal_state`).
"""

import math

import numpy as np
import pandas as pd

from dsa_hcal_assets.hcal.emcal.geometry import TOWERS, board_name, tower_name
from dsa_hcal_assets.hcal.emcal.protocol import Reading
from dsa_hcal_assets.hcal.quality_metrics import SILENT_CYCLES, UNBIASED_VOLTS, gap_metrics, named
from dsa_hcal_assets.quality.verdicts import Metric

_UNREAD = ("down", "absent")


def state_metrics(towers: pd.DataFrame, boards: pd.DataFrame, snapshots: pd.DataFrame) -> list[Metric]:
    """Return the metrics of stage `emcal_state` but those of the ledger.

    Parameters
    ----------
    towers, boards, snapshots
        Of one UTC day, as `readers.towers_of_day`, `boards_of_day` and `snapshots` return them.
    """
    cycles = list(snapshots[["cycle", "sequence", "acquisition_id"]].itertuples(index=False, name=None))
    return [
        Metric("snapshots", float(len(snapshots))),
        _coverage(towers, len(snapshots)),
        *gap_metrics(cycles),
        *_board_metrics(boards),
        _extreme("temperature_sipm_lowest", towers, "temperature_sipm_min", lowest=True),
        _extreme("temperature_sipm_highest", towers, "temperature_sipm_max"),
        _extreme("temperature_preamp_highest", towers, "temperature_preamp_max"),
    ]


def _coverage(towers: pd.DataFrame, snapshots: int) -> Metric:
    if not snapshots:
        return Metric("coverage", math.nan)
    silent = int((towers["n"] == 0).sum())
    return Metric("coverage", towers["n"].sum() / (TOWERS * snapshots), f"{silent} towers never read")


def _board_metrics(boards: pd.DataFrame) -> list[Metric]:
    mapped = boards[boards["status"] != "unmapped"]
    unmapped = boards[boards["status"] == "unmapped"]
    asked = mapped[mapped["status"].isin(["ok", "partial"])]
    readings = len(Reading) * len(asked)
    failed = int(asked["failed_readings"].sum())
    last = sorted(boards["ts"].unique())[-SILENT_CYCLES:]
    unread = mapped[mapped["ts"].isin(last) & mapped["status"].isin(_UNREAD)]
    times = unread.groupby(["sector", "interface_board"]).size()
    silent = times[times == SILENT_CYCLES].index
    unbiased = asked[asked["bias"].abs() < UNBIASED_VOLTS]
    gains = asked.dropna(subset="gain").groupby(["ts", "sector"])["gain"].nunique()
    mixed = {int(sector) for _, sector in gains[gains > 1].index}
    return [
        Metric("boards_ok", float((mapped["status"] == "ok").mean())),
        named("boards_silent", [board_name(int(sector), int(board)) for sector, board in silent]),
        named("boards_unmapped", set(unmapped["controller"] + "/" + unmapped["channel"].astype(str))),
        named("boards_unbiased", _names(unbiased)),
        named("sectors_mixed_gain", [f"S{sector:02d}" for sector in mixed]),
        Metric("failed_readings", failed / readings if readings else math.nan, f"{failed} of {readings}"),
    ]


def _names(boards: pd.DataFrame) -> set[str]:
    places = boards[["sector", "interface_board"]].drop_duplicates()
    return {board_name(int(sector), int(board)) for sector, board in places.itertuples(index=False)}


def _extreme(name: str, towers: pd.DataFrame, column: str, *, lowest: bool = False) -> Metric:
    values = towers[column].to_numpy()
    if np.isnan(values).all():
        return Metric(name, math.nan)
    index = int(np.nanargmin(values) if lowest else np.nanargmax(values))
    return Metric(name, float(values[index]), tower_name(int(towers["tower_id"].iloc[index])))
