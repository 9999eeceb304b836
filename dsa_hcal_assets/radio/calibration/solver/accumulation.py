"""One pass over a Measurement Set: the normal equations of each spectral window."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.calibration.beam import SPEED_OF_LIGHT
from dsa_hcal_assets.radio.calibration.prediction import THREADS, anchor_spacing, turn
from dsa_hcal_assets.radio.calibration.sky_model import SkyModel
from dsa_hcal_assets.radio.calibration.solver.normal import NormalEquations
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY

Floats = NDArray[np.float64]
ROW_BLOCK = 4096


def accumulate(
    ms: Path,
    flags: FlagSet,
    field: int,
    sky: SkyModel,
    *,
    interval_s: float,
    shortest_lambda: float = 0.0,
) -> list[NormalEquations]:
    """Read the parallel hands of one field once; return the sums of each spectral window.

    Parameters
    ----------
    ms, flags
        Measurement Set and its flags; both are only read.
    field
        FIELD_ID.
    sky
        What the field shows.
    interval_s
        Integrations are summed over intervals of this length, counted from the first one, s.
    shortest_lambda
        Baselines shorter than this (u, v) distance at the window's first channel are left out.

    Raises
    ------
    BadInput
        If the field has no cross-correlations.
    """
    from casacore.tables import table

    with table(str(ms), **READ_ONLY) as main:
        layout = _Layout.of(main, ms, field, interval_s)
        return [
            _window(main, ms, flags, number, layout, sky, shortest_lambda) for number in layout.descriptions
        ]


@dataclass(frozen=True)
class _Layout:
    """How rows fall into baselines and intervals; the same for all windows."""

    rows: NDArray[np.int64]
    description: NDArray[np.int32]
    pair: NDArray[np.int64]
    moment: NDArray[np.int64]
    slot: NDArray[np.int64]  # interval of each moment
    antennas: NDArray[np.int64]
    pairs: NDArray[np.int64]
    moments: Floats
    exposure_s: float

    @property
    def descriptions(self) -> list[int]:
        return [int(number) for number in np.unique(self.description)]

    @classmethod
    def of(cls, main: Any, ms: Path, field: int, interval_s: float) -> "_Layout":
        first, second = main.getcol("ANTENNA1"), main.getcol("ANTENNA2")
        rows = np.flatnonzero((main.getcol("FIELD_ID") == field) & (first != second))
        if not rows.size:
            raise BadInput(f"field {field} of {ms.name} has no cross-correlations")
        antennas, members = np.unique(np.stack([first[rows], second[rows]], axis=1), return_inverse=True)
        pairs, pair = np.unique(members.reshape(-1, 2), axis=0, return_inverse=True)
        moments, moment = np.unique(main.getcol("TIME")[rows], return_inverse=True)
        return cls(
            rows=rows,
            description=main.getcol("DATA_DESC_ID")[rows],
            pair=pair.ravel(),
            moment=moment,
            slot=_slots(moments, interval_s),
            antennas=antennas.astype(np.int64),
            pairs=pairs.astype(np.int64),
            moments=moments,
            exposure_s=float(np.median(main.getcol("INTERVAL")[rows])),
        )


def _slots(moments: Floats, interval_s: float) -> NDArray[np.int64]:
    """Number the intervals that moments fall into, counted from the first one as CASA counts `solint`."""
    _, slots = np.unique((moments - moments[0]) // interval_s, return_inverse=True)
    return np.asarray(slots, np.int64)


def _window(
    main: Any, ms: Path, flags: FlagSet, description: int, layout: _Layout, sky: SkyModel, shortest: float
) -> NormalEquations:
    spectral_window, frequency = _spectral(ms, description)
    mine = np.flatnonzero(layout.description == description)
    # a flag set counts the rows of each window by themselves
    every = np.flatnonzero(main.getcol("DATA_DESC_ID") == description)
    cosines, apparent, anchor = (
        sky.cosines,
        sky.apparent_jy(layout.moments, frequency),
        anchor_spacing(frequency),
    )
    shape = (int(layout.slot[-1]) + 1, len(layout.pairs), len(frequency), 2)
    products, power = np.zeros(shape, np.complex64), np.zeros(shape, np.float32)
    with ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, len(mine), ROW_BLOCK):
            part = mine[start : start + ROW_BLOCK]
            data, weight, uvw = _read(main, layout.rows[part], frequency[0], shortest)
            mask = flags.masks[description][np.searchsorted(every, layout.rows[part])]
            add = partial(
                _add,
                data=data,
                mask=mask,
                weight=weight,
                pair=layout.pair[part],
                moment=layout.moment[part],
                slot=layout.slot,
                delay=uvw @ cosines.T / SPEED_OF_LIGHT,
                apparent=apparent,
                frequency=frequency,
                anchor=anchor,
                products=products,
                power=power,
            )
            list(pool.map(add, range(THREADS)))
    counts = np.bincount(layout.slot)
    return NormalEquations(
        spectral_window,
        layout.antennas,
        layout.pairs,
        np.bincount(layout.slot, layout.moments) / counts,
        (counts * layout.exposure_s).astype(np.float64),
        frequency,
        products,
        power,
    )


def _read(
    main: Any, rows: NDArray[np.int64], first_hz: float, shortest: float
) -> tuple[NDArray[np.complex64], NDArray[np.float32], Floats]:
    """Return parallel hands, weights (n_row, 2; zero for baselines that are too short) and UVW of rows."""
    whole = rows[-1] - rows[0] + 1 == len(rows)
    chosen, at = (main, (int(rows[0]), len(rows))) if whole else (main.selectrows(rows), (0, -1))
    uvw = chosen.getcol("UVW", *at)
    weight = chosen.getcol("WEIGHT", *at)[:, [0, -1]]
    weight[np.hypot(uvw[:, 0], uvw[:, 1]) * first_hz / SPEED_OF_LIGHT < shortest] = 0
    return chosen.getcol("DATA", *at), weight, uvw


def _spectral(ms: Path, description: int) -> tuple[int, Floats]:
    """Return the spectral window of a data description, and its channels, Hz."""
    from casacore.tables import table

    with table(str(ms / "DATA_DESCRIPTION"), **READ_ONLY) as descriptions:
        number = int(descriptions.getcell("SPECTRAL_WINDOW_ID", description))
    with table(str(ms / "SPECTRAL_WINDOW"), **READ_ONLY) as windows:
        return number, np.asarray(windows.getcell("CHAN_FREQ", number), np.float64)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _add(
    thread: int,
    data: NDArray[np.complex64],
    mask: NDArray[np.bool_],
    weight: NDArray[np.float32],
    pair: NDArray[np.int64],
    moment: NDArray[np.int64],
    slot: NDArray[np.int64],
    delay: Floats,
    apparent: NDArray[np.float32],
    frequency: Floats,
    anchor: int,
    products: NDArray[np.complex64],
    power: NDArray[np.float32],
) -> None:
    """Add rows of one thread's baselines, so that no sum has two writers; `delay` (n_row, n_source), s."""
    channels, last = data.shape[1], data.shape[2] - 1
    model, turned = np.zeros(channels, np.complex64), np.zeros(channels, np.complex64)
    for row in range(data.shape[0]):
        if pair[row] % THREADS != thread or (weight[row, 0] == 0 and weight[row, 1] == 0):
            continue
        model[:] = 0
        for source in range(delay.shape[1]):
            turn(turned, delay[row, source], frequency, anchor)
            for channel in range(channels):
                model[channel] += apparent[moment[row], source, channel] * turned[channel]
        baseline, interval = pair[row], slot[moment[row]]
        for channel in range(channels):
            expected = np.conj(model[channel])
            squared = expected.real * expected.real + expected.imag * expected.imag
            for hand in range(2):
                if not mask[row, channel, hand * last]:
                    w = weight[row, hand]
                    products[interval, baseline, channel, hand] += (
                        w * data[row, channel, hand * last] * expected
                    )
                    power[interval, baseline, channel, hand] += w * squared
