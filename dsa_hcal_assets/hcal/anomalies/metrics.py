"""Whether a day's detector state may be built upon: coverage and sanity (stage `detector_anomalies`).

Corrections depend on that stage: what fails here in a blocking check stops them.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.anomalies.readers import anomalies_of_day
from dsa_hcal_assets.hcal.anomalies.words import words
from dsa_hcal_assets.hcal.coverage import Reason, gaps
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.geometry import HCAL_TOWERS
from dsa_hcal_assets.quality.verdicts import Metric

_CYCLES = """
select cycle, towers_read from hcal.snapshot where cycle >= %(start)s and cycle < %(end)s order by cycle
"""
_BOARDS = """
select board, avg((status in ('ok', 'partial'))::integer)::float8
from hcal.board_reading where ts >= %(start)s and ts < %(end)s and status <> 'unmapped'
group by board order by 2, 1
"""
_HISTORY = """
select count(distinct day) from hcal.tower_day
where quantity = 'temperature' and day >= %(day)s::date - %(days)s and day < %(day)s::date
"""
_SERVED = """
select tower_id from hcal.channel_map where board = any(%(boards)s) and validity @> %(moment)s::timestamptz
"""
_EMPTY = "no snapshot of the day is loaded"


def anomaly_metrics(database: Database, day: str, history_days: int = 7) -> list[Metric]:
    """Return the metrics of stage `detector_anomalies` of a UTC day that was looked at.

    Coverage counts from the first to the last loaded cycle, because a day in progress, or the first
    of an acquisition, lacks nothing before and after.
    """
    start, end = bounds(day)
    window = {"start": start, "end": end}
    cycles = database.rows(_CYCLES, window)
    found = anomalies_of_day(database, day)
    return [
        *_coverage(database, cycles, database.rows(_BOARDS, window)),
        *_sanity(database, found, cycles),
        _counted("errors", found[found["severity"] == "error"]),
        _counted("warnings", found[found["severity"] == "warning"]),
        Metric(
            "days_of_history",
            database.rows(_HISTORY, {"day": day, "days": history_days})[0][0],
            f"of the {history_days} days before",
        ),
    ]


def _coverage(
    database: Database, cycles: Sequence[tuple[datetime, int]], boards: Sequence[tuple[str, float]]
) -> list[Metric]:
    if not cycles:
        return [
            Metric(name, np.nan, _EMPTY)
            for name in ("cycles_present", "tower_coverage", "lowest_board_coverage", "longest_gap")
        ]
    missing = gaps(database, cycles[0][0], cycles[-1][0])
    missing = missing[missing["board"].isna()]
    lost = int(missing["cycles"].sum())
    expected = len(cycles) + lost
    longest = (missing["end"] - missing["start"]).max() if len(missing) else timedelta(0)
    reasons = ", ".join(f"{count} {reason}" for reason, count in _by_reason(missing))
    detail = f"{lost} of {expected} cycles missing" + (f": {reasons}" if lost else "")
    board, lowest = boards[0]
    return [
        Metric("cycles_present", len(cycles) / expected, detail),
        Metric("tower_coverage", sum(read for _, read in cycles) / (expected * HCAL_TOWERS)),
        Metric("lowest_board_coverage", lowest, f"board {board}"),
        Metric("longest_gap", longest / timedelta(hours=1)),
    ]


def _by_reason(missing: pd.DataFrame) -> list[tuple[str, int]]:
    counts = missing.groupby("reason")["cycles"].sum()
    return [(reason.value, int(counts[reason])) for reason in Reason if reason in counts.index]


def _sanity(database: Database, found: pd.DataFrame, cycles: Sequence[tuple[datetime, int]]) -> list[Metric]:
    if not cycles:
        return [Metric(name, np.nan, _EMPTY) for name in ("towers_in_error", "half_sectors_off")]
    newest = cycles[-1][0]
    errors = found[
        (found["severity"] == "error") & (found["started_at"] <= newest) & ~(found["ended_at"] <= newest)
    ]
    off = sorted(errors.loc[errors["kind"] == "off", "place"].unique())
    towers = int(towers_concerned(database, errors, newest).sum())
    return [
        Metric("towers_in_error", towers / HCAL_TOWERS, f"{towers} towers"),
        Metric("half_sectors_off", len(off), ", ".join(off[:8])),
    ]


def towers_concerned(database: Database, some: pd.DataFrame, moment: datetime) -> NDArray[np.bool_]:
    """Return which towers anomalies concern, bool[3072]: those of a half-sector, detector or board too.

    Parameters
    ----------
    some
        Rows as `readers.anomalies_between` returns.
    moment
        Whose channel map says which towers a board serves.
    """
    identities = geometry.towers()
    concerned = np.isin(identities.tower_id, some["tower_id"].dropna())
    wider = some[some["tower_id"].isna()]
    concerned |= np.isin(identities.half_sector, wider["half_sector"].dropna())
    concerned |= np.isin(identities.detector, wider.loc[wider["half_sector"].isna(), "detector"].dropna())
    boards = wider["board"].dropna().unique().tolist()
    served = database.rows(_SERVED, {"boards": boards, "moment": moment}) if boards else []
    concerned[[tower for (tower,) in served]] = True
    return concerned


def _counted(name: str, some: pd.DataFrame) -> Metric:
    kinds = Counter(zip(some["kind"], some["quantity"], strict=True))
    named = [f"{count} {words(kind, quantity)}" for (kind, quantity), count in kinds.most_common(4)]
    return Metric(name, len(some), ", ".join(named))
