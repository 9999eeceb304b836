"""Days of the rig as its assets store them, without files and ledger."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.rig import tables
from dsa_hcal_assets.rig.cleaning import clean
from dsa_hcal_assets.rig.kpis import kpis
from dsa_hcal_assets.settings.rig import RigSettings

START = datetime(2025, 6, 5, tzinfo=UTC)
DAYS = 3
SPIKE = 500  # reading that is far from all others


def store_days(database: Database) -> pd.DataFrame:
    """Store three days at six-minute steps with one spike; return the cleaned readings."""
    times = pd.date_range(START, periods=DAYS * 240, freq="6min").astype("datetime64[us, UTC]")
    steps = np.arange(len(times))
    frame = pd.DataFrame(
        {
            "timestamp": times,
            "temperature": 60 + 10 * np.sin(steps / 40),
            "pressure": 1000 + 20 * np.cos(steps / 30),
            "uptime": steps / 10,
        }
    )
    frame.loc[SPIKE, ["temperature", "pressure"]] = [120.0, 1190.0]
    parts = [
        store_day(database, START + timedelta(days=number), frame[number * 240 : (number + 1) * 240])
        for number in range(DAYS)
    ]
    return pd.concat(parts, ignore_index=True)


def store_day(database: Database, day: datetime, frame: pd.DataFrame) -> pd.DataFrame:
    """Store readings of a day and its key figures; return them cleaned."""
    key = day.date().isoformat()
    result = clean(frame, RigSettings())
    tables.store_clean(database, key, result, through=1, run_id="run")
    tables.store_kpis(database, key, kpis(result), run_id="run")
    return result.frame
