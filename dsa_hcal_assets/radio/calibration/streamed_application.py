"""Flags, gains and channel averaging in one pass over the data: the imaging set, written once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsa_hcal_assets.radio.calibration.averaged_subtables import copy_subtables
from dsa_hcal_assets.radio.calibration.description import CalibrationTable
from dsa_hcal_assets.radio.calibration.gain_curves import GainCurves, read_curves
from dsa_hcal_assets.radio.calibration.tally import Tally
from dsa_hcal_assets.radio.conversion.schema import create_main_table
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY

ROW_BLOCK = 4096
THREADS = 2
PER_ROW = (
    "ANTENNA1",
    "ANTENNA2",
    "ARRAY_ID",
    "DATA_DESC_ID",
    "EXPOSURE",
    "FEED1",
    "FEED2",
    "FIELD_ID",
    "INTERVAL",
    "OBSERVATION_ID",
    "PROCESSOR_ID",
    "SCAN_NUMBER",
    "STATE_ID",
    "TIME",
    "TIME_CENTROID",
    "UVW",
)
# feeds of the two antennas in each correlation, by number of correlations
FEEDS = {1: ((0,), (0,)), 2: ((0, 1), (0, 1)), 4: ((0, 0, 1, 1), (0, 1, 0, 1))}


def write_calibrated(
    ms: Path,
    flags: FlagSet,
    calibration: Path,
    tables: Sequence[CalibrationTable],
    average: int,
    target: Path,
) -> list[Tally]:
    """Write `ms` with `flags` and gains applied, `average` channels joined to one, as `target`.

    Data are divided by g_i conj(g_j); a visibility without solutions is flagged. Averages are over
    unflagged channels with equal weights, and flagged where there is none. Weights are multiplied by
    the gains' power (CASA's ``calwt``), WEIGHT_SPECTRUM also by the share of unflagged channels.

    Parameters
    ----------
    ms, flags
        Measurement Set and its flags; both are only read.
    calibration, tables
        Directory of the calibration set and the tables of it that hold.
    average
        Channels of an average; the last one of a window may have fewer.
    target
        Directory that must not exist.
    """
    from casacore.tables import table

    with table(str(ms), **READ_ONLY) as source:
        plan = _Plan.of(source, ms, average)
        made = create_main_table(
            target,
            max(len(edges) for edges in plan.edges.values()),
            plan.correlations,
            source.nrows(),
            weight_spectrum=True,
        )
        try:
            for name in PER_ROW:
                made.putcol(name, source.getcol(name))
            tallies = []
            for description in plan.edges:
                curves = read_curves(
                    calibration,
                    tables,
                    window=plan.window[description],
                    antennas=plan.antennas,
                    frequency_hz=plan.frequency_hz[description],
                    times=plan.moments,
                )
                tallies.append(
                    _write_window(source, made, plan, description, curves, flags.masks[description])
                )
        finally:
            made.close()
    copy_subtables(ms, target, plan.window, plan.edges)
    return tallies


@dataclass(frozen=True)
class _Plan:
    """Rows and channels of each data description, and how they are averaged."""

    rows: dict[int, NDArray[np.int64]]
    window: dict[int, int]
    frequency_hz: dict[int, NDArray[np.float64]]
    edges: dict[int, NDArray[np.int64]]  # first channel of each average
    moments: NDArray[np.float64]
    moment: NDArray[np.int64]  # of each row
    antennas: int
    correlations: int

    @classmethod
    def of(cls, source: Any, ms: Path, average: int) -> "_Plan":
        from casacore.tables import table

        descriptions = source.getcol("DATA_DESC_ID")
        with table(str(ms / "DATA_DESCRIPTION"), **READ_ONLY) as described:
            window = [int(number) for number in described.getcol("SPECTRAL_WINDOW_ID")]
        with table(str(ms / "SPECTRAL_WINDOW"), **READ_ONLY) as spectral:
            channels = [np.asarray(spectral.getcell("CHAN_FREQ", number)) for number in window]
        with table(str(ms / "ANTENNA"), **READ_ONLY) as antennas:
            count = int(antennas.nrows())
        used = [int(number) for number in np.unique(descriptions)]
        moments, moment = np.unique(source.getcol("TIME"), return_inverse=True)
        return cls(
            rows={number: np.flatnonzero(descriptions == number) for number in used},
            window={number: window[number] for number in used},
            frequency_hz={number: channels[number] for number in used},
            edges={number: np.arange(0, len(channels[number]), average) for number in used},
            moments=moments,
            moment=moment,
            antennas=count,
            correlations=int(source.getcell("DATA", 0).shape[1]),
        )


def _write_window(
    source: Any, made: Any, plan: _Plan, description: int, curves: GainCurves, masks: NDArray[np.bool_]
) -> Tally:
    rows = plan.rows[description]
    channels = len(plan.frequency_hz[description])
    edges = np.append(plan.edges[description], channels)
    spectrum, course = (values.astype(np.complex64) for values in (curves.spectrum, curves.course))
    tally = Tally.of(description, channels, rows, plan.correlations)
    with ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, len(rows), ROW_BLOCK):
            part = slice(start, start + ROW_BLOCK)
            block = rows[part]
            whole = bool(block[-1] - block[0] + 1 == len(block))
            chosen, at = (source, (int(block[0]), len(block))) if whole else (source.selectrows(block), ())
            shape = (len(block), len(edges) - 1, plan.correlations)
            averaged, weights = np.zeros(shape, np.complex64), np.zeros(shape, np.float32)
            calibrate = partial(
                calibrate_rows,
                data=chosen.getcol("DATA", *at),
                mask=masks[part],
                weight=chosen.getcol("WEIGHT", *at),
                first=chosen.getcol("ANTENNA1", *at),
                second=chosen.getcol("ANTENNA2", *at),
                moment=plan.moment[block],
                spectrum=spectrum,
                course=course,
                feeds=np.array(FEEDS[plan.correlations]),
                edges=edges,
                averaged=averaged,
                weights=weights,
                empty=tally.empty[part],
                flagged=tally.flagged[part],
                zero=tally.zero[part],
                real_sum=tally.real_sum[part],
            )
            list(pool.map(calibrate, range(THREADS)))
            _put(made, block, averaged, weights)
    return replace(tally, factor=curves.amplitude_factor)


def _put(
    made: Any, rows: NDArray[np.int64], averaged: NDArray[np.complex64], weights: NDArray[np.float32]
) -> None:
    flag = weights == 0
    left = (~flag).sum(axis=1)
    weight = (weights.sum(axis=1) / np.maximum(left, 1)).astype(np.float32)
    sigma = np.zeros_like(weight)
    # a weight of zero has no sigma; such rows are flagged
    np.power(weight, -0.5, out=sigma, where=weight > 0)
    columns = {
        "DATA": averaged,
        "FLAG": flag,
        "WEIGHT_SPECTRUM": weights,
        "WEIGHT": weight,
        "SIGMA": sigma,
        "FLAG_ROW": flag.all(axis=(1, 2)),
    }
    if rows[-1] - rows[0] + 1 == len(rows):
        for name, values in columns.items():
            made.putcol(name, values, int(rows[0]), len(rows))
        return
    with made.selectrows(rows) as chosen:
        for name, values in columns.items():
            chosen.putcol(name, values)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def calibrate_rows(
    thread: int,
    data: NDArray[np.complex64],
    mask: NDArray[np.bool_],
    weight: NDArray[np.float32],
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    moment: NDArray[np.int64],
    spectrum: NDArray[np.complex64],
    course: NDArray[np.complex64],
    feeds: NDArray[np.int64],
    edges: NDArray[np.int64],
    averaged: NDArray[np.complex64],
    weights: NDArray[np.float32],
    empty: NDArray[np.bool_],
    flagged: NDArray[np.int32],
    zero: NDArray[np.int32],
    real_sum: NDArray[np.float64],
) -> None:
    """Calibrate and average every `THREADS`-th row, starting at row `thread`."""
    for row in range(thread, data.shape[0], THREADS):
        i, j, time = first[row], second[row], moment[row]
        for hand in range(data.shape[2]):
            p, q = feeds[0, hand], feeds[1, hand]
            drift = course[time, i, p] * np.conj(course[time, j, q])
            signal = False
            for bin_number in range(len(edges) - 1):
                total, power, used = np.complex64(0), np.float32(0), 0
                for channel in range(edges[bin_number], edges[bin_number + 1]):
                    raw = data[row, channel, hand]
                    signal |= raw != 0 and np.isfinite(raw.real) and np.isfinite(raw.imag)
                    gain = spectrum[i, channel, p] * np.conj(spectrum[j, channel, q]) * drift
                    size = gain.real * gain.real + gain.imag * gain.imag
                    if mask[row, channel, hand] or not size > 0:
                        flagged[row, hand] += 1
                        continue
                    corrected = np.complex64(raw * np.conj(gain) / size)
                    zero[row, hand] += corrected == 0
                    total += corrected
                    power += size
                    used += 1
                if used:
                    averaged[row, bin_number, hand] = total / np.float32(used)
                    # a mean of `used` channels, out of as many as the bin has
                    weights[row, bin_number, hand] = (
                        weight[row, hand] * power / np.float32(edges[bin_number + 1] - edges[bin_number])
                    )
                    real_sum[row, hand] += total.real
            empty[row, hand] = not signal
