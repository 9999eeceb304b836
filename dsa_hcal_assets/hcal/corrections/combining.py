"""The correction of each tower for one interval, with its uncertainty.

With t(T) the response to temperature and b that to bias, the gain over the interval V, relative to
the reference run r brought to the reference temperature, follows from the LED run L::

    G(V) = R(L) x t(Tr) / t(TL) x t(TV) x b(V - L)        correction = 1 / G

R is the ratio of gains from LED and PIN diodes (led_drift.py). Uncertainties are propagated to first
order: of R; of the tower's own coefficient k, which enters all three t together and therefore partly
cancels; of the three mean temperatures; of the change of bias and the overvoltage; and one that
grows with the time since the LED run.
"""

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.hcal.corrections.led_drift import Drift
from dsa_hcal_assets.hcal.corrections.response import Response
from dsa_hcal_assets.hcal.corrections.tower_means import TowerMeans
from dsa_hcal_assets.settings.corrections import CorrectionSettings

Floats = NDArray[np.float64]


class Status(IntFlag):
    """What is wrong with a correction; 0: it is complete. As in sql/0064_hcal_gain_corrections.sql."""

    NO_LED = 1
    NO_TEMPERATURE = 2
    TEMPERATURE_BORROWED = 4
    NO_DIODE = 8
    RUN_TOO_OLD = 16
    DOUBTFUL_IN_RUN = 32
    NOT_SANE = 64
    BIAS_UNKNOWN = 128


@dataclass(frozen=True, eq=False)
class LedState:
    """What is known of each tower at the LED run it takes its drift from; arrays [3072].

    Parameters
    ----------
    run_number
        The run, -1 for none.
    reference_run
        The reference run.
    drift
        Gains relative to the reference run.
    conditions, reference
        Temperatures and bias around that run, and around the reference run.
    age_days
        Time from the run to the interval's middle, either way.
    """

    run_number: NDArray[np.int64]
    reference_run: int
    drift: Drift
    conditions: TowerMeans
    reference: TowerMeans
    age_days: Floats


@dataclass(frozen=True, eq=False)
class Corrections:
    """Corrections of one interval: columns of `hcal.gain_correction`, arrays [3072] by `tower_id`."""

    gain: Floats
    gain_error: Floats
    status: NDArray[np.int16]
    led_run: NDArray[np.int64]
    drift: Floats
    drift_error: Floats
    temperature: Floats
    temperature_correction: Floats
    bias_correction: Floats
    spread: Floats


def combine(
    led: LedState, interval: TowerMeans, response: Response, settings: CorrectionSettings
) -> Corrections:
    """Return the corrections for the mean conditions of an interval."""
    then, now, before = led.conditions.temperature, interval.temperature, led.reference.temperature
    at_run, at_now, at_reference = (response.to_temperature(one) for one in (then, now, before))
    drift = led.drift.ratio * at_reference / at_run
    change = interval.bias - led.conditions.bias
    bias_unknown = np.isnan(change)
    change = np.where(bias_unknown, 0.0, change)
    at_bias = response.to_bias(change)
    gain = 1 / (drift * at_now * at_bias)

    lever_run = response.above_reference(then) / at_run - response.above_reference(before) / at_reference
    lever = lever_run - response.above_reference(now) / at_now
    at_the_run = np.hypot(
        _of_temperature(response, led.conditions, at_run),
        _of_temperature(response, led.reference, at_reference),
    )
    # of the reference run itself, both are the same temperature and cancel
    at_the_run[led.run_number == led.reference_run] = 0.0
    ageing = settings.drift_per_day * led.age_days
    drift_error = np.sqrt(led.drift.error**2 + (lever_run * response.coefficient_error) ** 2 + at_the_run**2)
    error = np.sqrt(
        led.drift.error**2
        + (lever * response.coefficient_error) ** 2
        + at_the_run**2
        + _of_temperature(response, interval, at_now) ** 2
        + _of_bias(response, change, at_bias, settings) ** 2
        + ageing**2
    )
    status = _status(led, interval, gain, bias_unknown, settings)
    return Corrections(
        gain,
        gain * error,
        status,
        led.run_number,
        drift,
        drift * drift_error,
        now,
        1 / at_now,
        1 / at_bias,
        response.coefficient / at_now * interval.temperature_spread,
    )


def _of_temperature(response: Response, means: TowerMeans, at: Floats) -> Floats:
    return response.coefficient / at * means.temperature_error


def _of_bias(response: Response, change: Floats, at: Floats, settings: CorrectionSettings) -> Floats:
    relative = np.hypot(
        settings.bias_error / response.overvoltage,
        change * response.overvoltage_error / response.overvoltage**2,
    )
    # a bias that did not change at all, to the last digit of its reading, has no uncertainty of change
    return np.where(change == 0, 0.0, relative / at)


def _status(
    led: LedState,
    interval: TowerMeans,
    gain: Floats,
    bias_unknown: NDArray[np.bool_],
    settings: CorrectionSettings,
) -> NDArray[np.int16]:
    everywhere = (interval, led.conditions, led.reference)
    known = ~np.isnan(gain)
    flags = {
        Status.NO_LED: np.isnan(led.drift.ratio),
        Status.NO_TEMPERATURE: np.any([np.isnan(one.temperature) for one in everywhere], axis=0),
        Status.TEMPERATURE_BORROWED: np.any([one.borrowed for one in everywhere], axis=0),
        Status.NO_DIODE: led.drift.without_diodes & ~np.isnan(led.drift.ratio),
        Status.RUN_TOO_OLD: led.age_days > settings.run_age_days,
        Status.DOUBTFUL_IN_RUN: led.drift.doubtful,
        Status.NOT_SANE: known & ((gain < settings.least_gain) | (gain > settings.most_gain)),
        Status.BIAS_UNKNOWN: bias_unknown & known,
    }
    total = np.zeros(len(gain), dtype=np.int16)
    for flag, raised in flags.items():
        total += np.int16(flag) * raised.astype(np.int16)
    return total
