"""Numbers that say whether a day's supplies can be trusted, for the gates to judge (stage `supply_state`).

Belongs here: measuring, on what is in the database. Not here: limits (quality/thresholds.toml).
"""

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.hcal.mapping.geometry import sector_label
from dsa_hcal_assets.hcal.quality_metrics import UNBIASED_VOLTS, named
from dsa_hcal_assets.hcal.supplies.readers import crates_of_day, supplies_of_day
from dsa_hcal_assets.hcal.supplies.snapshot import SUPPLIES
from dsa_hcal_assets.hcal.supplies.supply_map import SECTORS
from dsa_hcal_assets.quality.verdicts import Metric

SILENT_READINGS = 3  # down in more than two readings running is silent
LV_OFF_VOLTS = 3.0  # half of what any rail has
SET_TOLERANCE = 1.5  # V between set and measured, as analyses of the log select good readings

_COVERAGE = """
select s.cycle, count(distinct r.hcal_sector)
from hcal.source_snapshot s
left join hcal.supply_reading r on r.ts = s.cycle and r.kind = 'mpod' and r.v_meas is not null
    and r.ts >= %(start)s and r.ts < %(end)s
where s.source = %(source)s and s.cycle >= %(start)s and s.cycle < %(end)s
group by s.cycle order by s.cycle
"""
_OFF_SET_POINT = """
select distinct hcal_sector from hcal.supply_reading
where ts >= %(start)s and ts < %(end)s and kind = 'mpod' and hcal_sector is not null and state = 'On'
    and abs(abs(v_meas) - abs(v_set)) > %(tolerance)s order by 1
"""


def supply_metrics(database: Database, day: str) -> list[Metric]:
    """Return the metrics of stage `supply_state` of a UTC day; nothing but `cycles` if nothing is loaded."""
    start, end = bounds(day)
    window = {"start": start, "end": end, "source": SUPPLIES.name, "tolerance": SET_TOLERANCE}
    covered = database.rows(_COVERAGE, window)
    metrics = [Metric("cycles", len(covered))]
    if not covered:
        return metrics
    channels, crates = supplies_of_day(database, day), crates_of_day(database, day)
    moment, lowest = min(covered, key=lambda row: row[1])
    return [
        *metrics,
        Metric("coverage", sum(sectors for _, sectors in covered) / len(covered) / SECTORS),
        Metric("lowest_coverage", lowest / SECTORS, f"{lowest} sectors at {moment:%H:%M:%S}"),
        *_crate_metrics(crates),
        *_bias_metrics(channels[(channels["kind"] == "mpod") & channels["hcal_sector"].notna()]),
        _sectors("sectors_off_set_point", (row[0] for row in database.rows(_OFF_SET_POINT, window))),
        _low_voltage(channels[(channels["kind"] == "lv_crate") & channels["hcal_sector"].notna()]),
    ]


def _crate_metrics(crates: pd.DataFrame) -> list[Metric]:
    last: dict[str, list[str]] = {}  # each one's newest statuses
    for crate, status in zip(crates["crate"], crates["status"], strict=True):
        last[crate] = [*last.get(crate, []), status][-SILENT_READINGS:]
    silent = ["down"] * SILENT_READINGS
    return [
        named("crates_unread", (crate for crate, some in last.items() if some[-1] == "down")),
        named("crates_partial", (crate for crate, some in last.items() if some[-1] == "partial")),
        named("crates_silent", (crate for crate, some in last.items() if some == silent)),
        named("crates_switched_off", set(crates["crate"][crates["main_switch"].eq(False)])),
    ]


def _bias_metrics(bias: pd.DataFrame) -> list[Metric]:
    if bias.empty:
        names = ("sectors_unbiased", "sectors_tripped", "sectors_current_limited", "current_highest")
        return [Metric(name, math.nan, "no bias channel was read") for name in names]
    sectors = bias["hcal_sector"].to_numpy(dtype=int)
    return [
        _sectors("sectors_unbiased", sectors[bias["v_least"] < UNBIASED_VOLTS]),
        _sectors("sectors_tripped", sectors[bias["tripped"] > 0]),
        _sectors("sectors_current_limited", sectors[bias["current_limited"] > 0]),
        _highest_current(sectors, bias["i_most"].to_numpy()),
    ]


def _highest_current(sectors: NDArray[np.int64], amperes: NDArray[np.float64]) -> Metric:
    if np.isnan(amperes).all():
        return Metric("current_highest", math.nan, "no current was read")
    place = int(np.nanargmax(amperes))
    return Metric("current_highest", float(amperes[place]) * 1e6, sector_label(int(sectors[place])))


def _low_voltage(channels: pd.DataFrame) -> Metric:
    if channels.empty:
        return Metric("lv_channels_off", math.nan, "no low-voltage crate was read")
    off = channels[channels["v_least"] < LV_OFF_VOLTS]
    return named(
        "lv_channels_off", (f"{one.crate} slot {one.slot} value {one.channel}" for one in off.itertuples())
    )


def _sectors(name: str, sectors: Iterable[int]) -> Metric:
    return named(name, {sector_label(int(sector)) for sector in sectors})
