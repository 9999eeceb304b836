"""Results of a run as rows of its table: units and meaning as in sql/0063_hcal_analysis_runs.sql."""

import numpy as np
import pandas as pd

from dsa_hcal_assets.hcal.analysis_runs.led import LedTowers
from dsa_hcal_assets.hcal.analysis_runs.light import Light
from dsa_hcal_assets.hcal.analysis_runs.pedestal import PedestalTowers
from dsa_hcal_assets.hcal.analysis_runs.run_contents import RunHeader
from dsa_hcal_assets.settings.runs import RunSettings


def led_rows(header: RunHeader, led: LedTowers, light: Light | None, settings: RunSettings) -> pd.DataFrame:
    """Return the rows of `hcal.led_run_tower` for one file."""
    unknown = np.full(len(led.tower_id), np.nan)
    seen, seen_error = light.of_towers(led.tower_id) if light is not None else (unknown, unknown)
    return pd.DataFrame(
        {
            "run_number": header.run_number,
            "tower_id": led.tower_id,
            "at": header.started_at,
            "n": led.pulses.n,
            "led_mean": led.pulses.mean,
            "led_std": led.pulses.std,
            "led_error": led.pulses.error,
            "stability": led.relative_stability(),
            "chi2": led.pulses.chi2,
            "outliers": led.pulses.outliers,
            "saturated": led.saturated,
            "pedestal_mean": led.pedestal_mean,
            "pedestal_std": led.pedestal_std,
            "light": seen,
            "light_error": seen_error,
            "status": led.status(settings),
        }
    )


def pedestal_rows(header: RunHeader, pedestal: PedestalTowers, settings: RunSettings) -> pd.DataFrame:
    """Return the rows of `hcal.pedestal_run_tower` for one file."""
    return pd.DataFrame(
        {
            "run_number": header.run_number,
            "tower_id": pedestal.tower_id,
            "at": header.started_at,
            "n": pedestal.events.n + pedestal.events.dropped,
            "pedestal_mean": pedestal.samples.mean,
            "pedestal_std": pedestal.samples.std,
            "pedestal_error": pedestal.events.error,
            "event_std": pedestal.events.std,
            "stability": pedestal.events.stability,
            "chi2": pedestal.events.chi2,
            "outliers": pedestal.samples.outliers,
            "status": pedestal.status(settings),
        }
    )
