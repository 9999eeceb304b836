"""What is looked at: one observation a rule, each with its section `anomaly.<kind>_<quantity>`.

Belongs here: which numbers are compared with which limits, and when they mean nothing. Not here: the
limits (quality/thresholds.toml) and what becomes of samples beyond them (episodes.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.hcal.anomalies import deviations, places
from dsa_hcal_assets.hcal.anomalies.history import Baseline
from dsa_hcal_assets.hcal.anomalies.places import Place
from dsa_hcal_assets.hcal.anomalies.readings import BIAS_ON_VOLTS, Readings
from dsa_hcal_assets.hcal.anomalies.set_points import SetPoints
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.geometry import Detector

Floats = NDArray[np.floating]

LV_ON_VOLTS = 3.0  # below, the pre-amplifiers do not work; what is off has no voltage to be judged
CHANGE_SECONDS = 600.0
OLDEST_CHANGE_SECONDS = 1800.0  # over a longer silence a difference is no rate any more
# Deviations below these mean nothing for the detector, however steady a tower is otherwise.
FLOORS = {"temperature": 0.1, "leakage": 0.1}  # deg C, board units


@dataclass(frozen=True, eq=False)
class Observation:
    """One number for each cycle and place, to be compared with its limits.

    Parameters
    ----------
    kind, quantity
        As in `hcal.anomaly`.
    places
        The places, in order of axis 1.
    values
        [cycles, places]; NaN: not measured, says neither good nor bad.
    reading
        [cycles, places]: what was read, where `values` is something derived.
    """

    kind: str
    quantity: str
    places: Sequence[Place]
    values: Floats
    reading: Floats | None = None

    @property
    def metric(self) -> str:
        """Name of its limits within stage `anomaly`."""
        return f"{self.kind}_{self.quantity}"


@dataclass(frozen=True, eq=False)
class Past:
    """What a day is compared with.

    Parameters
    ----------
    baselines
        Quantity -> what was usual on earlier days.
    offsets_before
        float64[3072]: bias offsets of the newest earlier day, NaN where unknown.
    offsets_set
        What the bias offsets were set to.
    """

    baselines: Mapping[str, Baseline]
    offsets_before: Floats
    offsets_set: SetPoints


def observations(readings: Readings, past: Past) -> Iterator[Observation]:
    """Yield every observation of a day."""
    for quantity, values in (
        ("temperature", readings.temperature),
        ("leakage", readings.leakage_with_bias),
    ):
        yield from _of_towers(quantity, values, readings, past.baselines[quantity])
    yield from _of_offsets(readings, past)
    yield from _of_voltages(readings)
    yield Observation("mode", "gain", places.half_sectors(), gain_disagreement(readings.gain), readings.gain)
    yield Observation("silent", "replies", places.controllers(readings.boards), silent_cycles(readings))


def _of_towers(
    quantity: str, values: Floats, readings: Readings, baseline: Baseline
) -> Iterator[Observation]:
    towers, floor = places.towers(), FLOORS[quantity]
    yield Observation("limit", quantity, towers, values)
    changed = deviations.change(values, readings.seconds, CHANGE_SECONDS, max_age=OLDEST_CHANGE_SECONDS)
    yield Observation("change", quantity, towers, np.abs(changed), values)
    for kind, residual in (
        ("neighbours", deviations.from_neighbours(values)),
        ("half_sector", deviations.from_half_sector(values)),
    ):
        yield Observation(kind, quantity, towers, deviations.scores_among(residual, floor), values)
    # A shift all towers of a detector share is one anomaly of the detector, not 1536 of towers.
    residual = values - baseline.median
    common = deviations.common_shift(residual)
    scatter = np.maximum(baseline.scatter, floor)
    alone = (residual - common[:, geometry.towers().detector]) / scatter
    yield Observation("history", quantity, towers, alone, values)
    of_detector = scatter.reshape(len(Detector), geometry.TOWERS_PER_DETECTOR)
    yield Observation("history", quantity, places.detectors(), common / np.median(of_detector, axis=1))


def _of_offsets(readings: Readings, past: Past) -> Iterator[Observation]:
    towers, offsets, wanted = places.towers(), readings.bias_offset, past.offsets_set
    yield Observation("limit", "bias_offset", towers, offsets)
    difference = np.where(wanted.settled, np.abs(offsets - wanted.values), np.nan)
    yield Observation("mismatch", "bias_offset", towers, difference, offsets)
    changed = deviations.change(offsets, readings.seconds, CHANGE_SECONDS, before=past.offsets_before)
    # where the set point is known, only a difference from it is wrong
    unexplained = np.where(np.isnan(wanted.values), np.abs(changed), np.nan)
    yield Observation("change", "bias_offset", towers, unexplained, offsets)


def _of_voltages(readings: Readings) -> Iterator[Observation]:
    for quantity, on in (("bias", BIAS_ON_VOLTS), ("lv_positive", LV_ON_VOLTS), ("lv_negative", LV_ON_VOLTS)):
        volts = np.abs(getattr(readings, quantity))
        yield Observation("off", quantity, places.half_sectors(), volts)
        yield Observation("limit", quantity, places.half_sectors(), np.where(volts >= on, volts, np.nan))


def gain_disagreement(gain: Floats) -> Floats:
    """Return 1 for the half-sector of a sector in two modes that is not in its detector's mode.

    Parameters
    ----------
    gain
        [cycles, 128 half-sectors]: 0 normal, 1 high, NaN not read.

    Returns
    -------
    [cycles, 128]: 0 or 1, NaN where one half of the sector was not read. The detector's mode is that
    of most of its half-sectors, normal when there are as many of both.
    """
    by_detector = gain.reshape(len(gain), len(Detector), 2 * geometry.SECTORS)
    read = np.sum(~np.isnan(by_detector), axis=2, keepdims=True)
    mode = (2 * np.nansum(by_detector, axis=2, keepdims=True) > read).astype(gain.dtype)
    sectors = by_detector.reshape(len(gain), len(Detector), geometry.SECTORS, 2)
    mixed = np.abs(sectors[..., :1] - sectors[..., 1:])
    other = sectors != mode[..., np.newaxis]
    return np.where(np.isnan(mixed), np.nan, mixed * other).reshape(gain.shape)


def silent_cycles(readings: Readings) -> Floats:
    """Return, for each cycle and board, how many cycles on end the board was unread; 0 where it was.

    Every cycle of a silence counts all of it, so that one long enough begins with its first cycle
    (that of the day, if it went on over midnight).
    """
    unread = readings.unread
    lengths = np.where(np.isnan(unread), np.nan, 0.0)
    for board in range(unread.shape[1]):
        silent = np.concatenate([[False], unread[:, board] == 1, [False]])
        edges = np.flatnonzero(silent[1:] != silent[:-1]).reshape(-1, 2)
        for start, end in edges.tolist():
            lengths[start:end, board] = end - start
    return lengths
