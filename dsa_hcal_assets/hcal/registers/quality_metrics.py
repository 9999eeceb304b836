"""Numbers that say whether a day of registers is as it should be, for the gates to judge.

Belongs here: measuring, on the frames of `readers`. Not here: what is normal for a register (its
table) and limits (quality/thresholds.toml, stage `register_state`).
"""

import math

import pandas as pd

from dsa_hcal_assets.hcal.quality_metrics import SILENT_CYCLES, gap_metrics, named
from dsa_hcal_assets.quality.verdicts import Metric


def state_metrics(registers: pd.DataFrame, boards: pd.DataFrame, snapshots: pd.DataFrame) -> list[Metric]:
    """Return the metrics of stage `register_state` but those of the ledger.

    Parameters
    ----------
    registers, boards, snapshots
        Of one UTC day, as `readers.registers_of_day`, `boards_of_day` and `snapshots` return them.
    """
    cycles = list(snapshots[["cycle", "sequence", "acquisition_id"]].itertuples(index=False, name=None))
    abnormal = registers[registers["abnormal"] > 0]
    answered = boards[boards["status"] != "down"]
    failed = int(answered["failed_readings"].sum())
    asked = failed + int(answered["registers_read"].sum())
    last = sorted(boards["ts"].unique())[-SILENT_CYCLES:]
    down = boards[boards["ts"].isin(last) & (boards["status"] == "down")].groupby("board").size()
    return [
        Metric("snapshots", float(len(snapshots))),
        *gap_metrics(cycles),
        Metric("boards_ok", float((boards["status"] == "ok").mean())),
        named("boards_silent", [str(board) for board in down[down == SILENT_CYCLES].index]),
        Metric("failed_readings", failed / asked if asked else math.nan, f"{failed} of {asked}"),
        named("registers_abnormal", (abnormal["board"] + " " + abnormal["register"]).tolist()),
    ]
