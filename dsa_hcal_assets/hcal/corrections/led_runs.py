"""Which LED runs the corrections of a time are made from.

Only runs whose quality checks passed count. Gains are relative to the reference run; each tower
takes its drift from the run nearest in time that it was in, so that runs of single detectors do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import ConfigurationError, ProductMissing
from dsa_hcal_assets.hcal.analysis_runs import run_tables
from dsa_hcal_assets.hcal.corrections.combining import LedState
from dsa_hcal_assets.hcal.corrections.led_drift import Drift, LedRun, drift_between
from dsa_hcal_assets.hcal.corrections.tower_means import TowerMeans, tower_means
from dsa_hcal_assets.hcal.mapping.geometry import HCAL_TOWERS
from dsa_hcal_assets.settings.corrections import CorrectionSettings

NEAREST = 6  # runs looked at for a tower that is not in the nearest one
_FIRST = """
select run_number from hcal.analysis_run where kind = 'led' and level in ('pass', 'warn')
order by started_at, run_number limit 1
"""
_NEAREST = """
select run_number from hcal.analysis_run where kind = 'led' and level in ('pass', 'warn')
order by greatest(started_at - %(at)s, %(at)s - started_at), run_number limit %(most)s
"""
_ONE = "select started_at, ended_at, level from hcal.analysis_run where kind = 'led' and run_number = %s"


class NoLedRun(ProductMissing):
    """There is no LED run that passed its checks."""


@dataclass(frozen=True, eq=False)
class RunAndConditions:
    """An LED run with temperature and bias around it."""

    run: LedRun
    started_at: datetime
    means: TowerMeans


class LedRuns:
    """The LED runs in the database, each read once.

    Parameters
    ----------
    settings
        Say which run is the reference.

    Raises
    ------
    NoLedRun
        If no LED run passed its checks.
    ConfigurationError
        If the reference run of the settings is none that did.
    """

    def __init__(self, database: Database, settings: CorrectionSettings) -> None:
        self._database = database
        self._settings = settings
        self._read: dict[int, RunAndConditions] = {}
        self._drifts: dict[int, Drift] = {}
        self.reference_run = self._reference_run()

    @cached_property
    def reference(self) -> RunAndConditions:
        """The run gains are relative to."""
        return self._run(self.reference_run)

    def state_at(self, moment: datetime) -> LedState:
        """Return what each tower takes from the LED runs around `moment`."""
        numbers = [number for (number,) in self._database.rows(_NEAREST, {"at": moment, "most": NEAREST})]
        chosen = self._chosen(numbers)
        drifts = [self._drift(number) for number in numbers]
        runs = [self._run(number) for number in numbers]
        ages = [abs(one.started_at - moment) / timedelta(days=1) for one in runs]
        return LedState(
            np.where(chosen >= 0, np.array(numbers)[chosen], -1),
            self.reference_run,
            Drift(
                _of_chosen(chosen, [one.ratio for one in drifts]),
                _of_chosen(chosen, [one.error for one in drifts]),
                _of_chosen(chosen, [one.without_diodes for one in drifts]) > 0,
                _of_chosen(chosen, [one.doubtful for one in drifts]) > 0,
                chosen >= 0,
            ),
            _means_of_chosen(chosen, [one.means for one in runs]),
            self.reference.means,
            _of_chosen(chosen, [np.full(HCAL_TOWERS, age) for age in ages]),
        )

    def _reference_run(self) -> int:
        wanted = self._settings.reference_run
        if wanted is None:
            first = self._database.rows(_FIRST)
            if not first:
                raise NoLedRun(
                    "no LED run passed its checks, so there is no gain to correct",
                    remedy="deliver LED runs into incoming/runs, or look at the checks of led_runs",
                )
            return int(first[0][0])
        found = self._database.rows(_ONE, (wanted,))
        if not found or found[0][2] not in ("pass", "warn"):
            raise ConfigurationError(
                f"DSA_HCAL_CORRECTIONS__REFERENCE_RUN: run {wanted} cannot be the reference",
                expected="an LED run that passed its checks",
                found=f"verdict {found[0][2]}" if found else "no such LED run",
            )
        return wanted

    def _chosen(self, numbers: Sequence[int]) -> np.ndarray:
        """Return for each tower the place in `numbers` of the first run it is in, -1 for none."""
        present = np.stack([self._drift(number).present for number in numbers])
        return np.where(present.any(axis=0), present.argmax(axis=0), -1)

    def _drift(self, number: int) -> Drift:
        if number not in self._drifts:
            self._drifts[number] = drift_between(self.reference.run, self._run(number).run, self._settings)
        return self._drifts[number]

    def _run(self, number: int) -> RunAndConditions:
        if number not in self._read:
            [(started_at, ended_at, _)] = self._database.rows(_ONE, (number,))
            around = timedelta(minutes=self._settings.run_window_minutes)
            means = tower_means(self._database, started_at - around, ended_at + around, self._settings)
            towers = run_tables.towers_of_run(self._database, "led", number)
            run = LedRun(number, towers, run_tables.diodes_of_run(self._database, number))
            self._read[number] = RunAndConditions(run, started_at, means)
        return self._read[number]


def _of_chosen(chosen: np.ndarray, values: Sequence[np.ndarray]) -> np.ndarray:
    """Return each tower's value of its chosen run as float64, NaN without one."""
    table = np.stack(values).astype(np.float64)
    return np.where(chosen >= 0, table[chosen, np.arange(HCAL_TOWERS)], np.nan)


def _means_of_chosen(chosen: np.ndarray, means: Sequence[TowerMeans]) -> TowerMeans:
    return TowerMeans(
        _of_chosen(chosen, [one.temperature for one in means]),
        _of_chosen(chosen, [one.temperature_error for one in means]),
        _of_chosen(chosen, [one.temperature_spread for one in means]),
        _of_chosen(chosen, [one.bias for one in means]),
        _of_chosen(chosen, [one.borrowed for one in means]) > 0,
    )
