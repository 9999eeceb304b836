"""A detector with known gains: its LED runs analysed, its slow control in the tables, as tests need them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.frame_copy import copy_frame
from dsa_hcal_assets.hcal.analysis_runs import ingest, run_tables
from dsa_hcal_assets.hcal.analysis_runs.analysis import analyse_run
from dsa_hcal_assets.hcal.mapping import channel_map, dimensions
from dsa_hcal_assets.hcal.mapping.geometry import HCAL_TOWERS
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.quality.verdicts import Level
from dsa_hcal_assets.settings.corrections import CorrectionSettings
from dsa_hcal_assets.settings.runs import RunSettings
from dsa_hcal_assets.simulation.boards.physics import generator
from dsa_hcal_assets.simulation.detector_runs.runs import SimulatedRun
from dsa_hcal_assets.simulation.detector_runs.truth import DetectorTruth
from dsa_hcal_assets.simulation.detector_runs.writing import write_run

SENSOR_NOISE = 0.02  # deg C, of one reading
STEP = timedelta(minutes=15)
# What is known of this detector: its sensors have no error but noise, its bias that of the last digit.
SETTINGS = CorrectionSettings(
    temperature_noise=SENSOR_NOISE, temperature_error=0.003, bias_error=0.0004, drift_per_day=1.1e-3
)


class Detector:
    """A simulated detector and the database that knows of it what is recorded."""

    def __init__(
        self, truth: DetectorTruth, database: Database, place: Path, *, step: timedelta = STEP
    ) -> None:
        self.truth = truth
        self.step = step
        self.database = database
        self._incoming = place / "runs"
        self._ledger = Ledger(database, place / "quarantine")
        dimensions.sync_dimensions(database, channel_map.load_channel_map(), local_zone="America/New_York")

    def take_led_run(
        self, run_number: int, at: datetime, level: Level = Level.PASS, **changes: object
    ) -> None:
        """Take an LED run from its file into the tables, with slow control around it."""
        fields = {"events": 512, "contents": "amplitudes", **changes}
        run = SimulatedRun(self.truth, run_number, "led", at, **fields)  # type: ignore[arg-type]
        write_run(self._incoming, run)
        ingest.scan(self._incoming, self._ledger, 0)
        analyse_run(self.database, self._ledger, str(run_number), RunSettings(), "test")
        run_tables.judged(self.database, run_number, level)

    def record(
        self,
        start: datetime,
        end: datetime,
        *,
        unread: Sequence[int] = (),
        fixed: Sequence[int] = (),
        warmer: dict[int, float] | None = None,
    ) -> None:
        """Fill `hcal.tower_reading` with what the sensors show in [start, end).

        Towers `unread` have no temperature, `fixed` always the same, `warmer` so many deg C more.
        """
        count = round((end - start) / self.step)
        frames = [self._readings(start + number * self.step) for number in range(count)]
        frame = pd.concat(frames)
        frame.loc[frame["tower_id"].isin(unread), "temperature"] = np.nan
        frame.loc[frame["tower_id"].isin(fixed), "temperature"] = 22.5
        for tower, degrees in (warmer or {}).items():
            frame.loc[frame["tower_id"] == tower, "temperature"] += degrees
        with self.database.transaction() as cursor:
            cursor.execute("select hcal.ensure_month(%s), hcal.ensure_month(%s)", (start, end))
            copy_frame(cursor, "hcal", "tower_reading", frame)

    def corrections(self, first: datetime, last: datetime, reference: datetime) -> np.ndarray:
        """Return the true corrections of the towers for the mean gain over [first, last)."""
        count = round((last - first) / self.step)
        return self.truth.correction([first + number * self.step for number in range(count)], reference)

    def _readings(self, moment: datetime) -> pd.DataFrame:
        noise = generator(self.truth.seed, "sensors", moment).normal(0, SENSOR_NOISE, HCAL_TOWERS)
        return pd.DataFrame(
            {
                "ts": moment,
                "temperature": np.round(self.truth.temperature(moment) + noise, 2),
                "bias": np.round(self.truth.bias(moment), 3),
                "bias_offset": 0.0,
                "tower_id": np.arange(HCAL_TOWERS),
            }
        )
