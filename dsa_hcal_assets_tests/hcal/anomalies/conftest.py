"""The scenes of these tests are stored in a database and looked at."""

from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.anomalies import detection, readers
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets_tests.hcal.anomalies.scene import Scene

Look = Callable[..., pd.DataFrame]


@pytest.fixture
def look(database: Database, channel_map: ChannelMap, thresholds: Thresholds) -> Look:
    """Store scenes, look at each of their days in order, return the anomalies of the last day."""

    def store_and_look(*scenes: Scene) -> pd.DataFrame:
        days: list[date] = []
        for scene in scenes:
            scene.store(database, channel_map)
            days += sorted({time.date() for time in scene.times})
        for day in days:
            detection.refresh(database, day, thresholds)
        return readers.anomalies_of_day(database, days[-1])

    return store_and_look
