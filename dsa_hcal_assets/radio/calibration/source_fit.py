"""Flux densities and places of sources, fitted to calibrated visibilities by linear least squares.

Against reading them off an image: nothing is left of side lobes, of the averaging of channels and of
the drift through the beam, and it costs one pass over averaged data where an image costs several.
"""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsa_hcal_assets.radio.calibration.beam import SPEED_OF_LIGHT
from dsa_hcal_assets.radio.calibration.prediction import THREADS, anchor_spacing, turn
from dsa_hcal_assets.radio.calibration.sky_model import SkyModel
from dsa_hcal_assets.radio.calibration.standards import Calibrator
from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY, frequencies

Floats = NDArray[np.float64]
# values of a block of templates: 64 MB
BLOCK_VALUES = 16_000_000
# Products are made by two threads of ours, each in parts too small for the linear algebra library to use
# threads of its own: those wait for each other, on a busy machine for seconds.
PIECE = 16_384
SMALL = 400_000
STEPS = 2
# More visibilities than this are thinned out, whole integrations at a time: so many give 96 antennas a
# noise of 0.6 mJy.
MOST_VISIBILITIES = 1_500_000
ARCSEC = np.pi / 180 / 3600
# further than this the places given do not mean the source that the data show
FARTHEST_ARCSEC = 10.0


def fit_sources(ms: Path, field: int, sky: SkyModel, *, shortest_lambda: float = 0.0) -> list[Calibrator]:
    """Return all but the first source of a sky with the flux densities and places that fit the data.

    The first one, the calibrator, is held. Minimises sum w |V - M_0 - sum (a_k M_k + b_k dM_k/dl +
    c_k dM_k/dm)|^2 over all others together, in two steps of Gauss and Newton; spectra keep their shape.
    Averages over a width dnu show a source of delay tau times sinc(dnu tau), so does the model. Sources
    that come out at zero or below, or far from where they were, are left out.

    Parameters
    ----------
    ms
        Calibrated set; only read.
    field
        FIELD_ID.
    sky
        Its sources.
    shortest_lambda
        Baselines shorter than this (u, v) distance at a window's first channel are left out.
    """
    for _ in range(STEPS):
        sky = replace(sky, sources=(sky.sources[0], *_step(ms, field, sky, shortest_lambda)))
    return list(sky.sources[1:])


def _step(ms: Path, field: int, sky: SkyModel, shortest_lambda: float) -> list[Calibrator]:
    count = len(sky.sources)
    matrix, right = np.zeros((3 * count, 3 * count)), np.zeros(3 * count)
    with ThreadPoolExecutor(THREADS) as pool:
        for templates, data in _equations(ms, field, sky, shortest_lambda, pool):
            pieces = (slice(start, start + PIECE) for start in range(0, len(data), PIECE))
            for square, product in pool.map(partial(_products, templates, data), pieces):
                matrix += square
                right += product
    free = np.arange(3 * count) % count > 0
    solved, *_ = np.linalg.lstsq(matrix[np.ix_(free, free)], (right - matrix[:, 0])[free], rcond=None)
    fitted = zip(sky.sources[1:], *solved.reshape(3, count - 1), strict=True)
    return [
        _moved(one, factor, east / factor, north / factor)
        for one, factor, east, north in fitted
        if factor > 0 and math.hypot(east, north) <= FARTHEST_ARCSEC * factor
    ]


def _products(
    templates: NDArray[np.float32], data: NDArray[np.float32], piece: slice
) -> tuple[Floats, Floats]:
    """Return the sums of a piece of the normal equations."""
    columns = templates.shape[1]
    square, product = np.zeros((columns, columns)), np.zeros(columns)
    length = max(1, SMALL // columns**2)
    for start in range(piece.start, min(piece.stop, len(data)), length):
        part = templates[start : min(start + length, piece.stop)]
        square += part.T @ part
        product += part.T @ data[start : start + len(part)]
    return square, product


def _moved(source: Calibrator, factor: float, east_arcsec: float, north_arcsec: float) -> Calibrator:
    constant, *slopes = source.coefficients
    return replace(
        source,
        ra_deg=source.ra_deg + east_arcsec / 3600 / math.cos(math.radians(source.dec_deg)),
        dec_deg=source.dec_deg + north_arcsec / 3600,
        coefficients=(constant + math.log10(factor), *slopes),
    )


def _equations(
    ms: Path, field: int, sky: SkyModel, shortest_lambda: float, pool: ThreadPoolExecutor
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Yield blocks of templates, shape (n_value, 3 n_source), and of the data, by sqrt(weight).

    Templates: the sources' visibilities, then what they change by an arcsec east, and by one north. Real
    and imaginary parts are values of their own.
    """
    from casacore.tables import table

    cosines, channels, count = sky.cosines, frequencies(ms), len(sky.sources)
    with table(str(ms), **READ_ONLY) as main:
        cross = main.getcol("ANTENNA1") != main.getcol("ANTENNA2")
        wanted = cross & (main.getcol("FIELD_ID") == field)
        used, times = main.getcol("DATA_DESC_ID"), main.getcol("TIME")
        for description in np.unique(used[wanted]):
            frequency = channels[int(description)]
            width = abs(frequency[-1] - frequency[0]) / max(len(frequency) - 1, 1)
            rows = np.flatnonzero(wanted & (used == description))
            moments, moment = np.unique(times[rows], return_inverse=True)
            taken = moment % math.ceil(len(rows) * len(frequency) / MOST_VISIBILITIES) == 0
            rows, moment = rows[taken], moment[taken]
            apparent = sky.apparent_jy(moments, frequency)
            length = max(1, BLOCK_VALUES // (6 * len(frequency) * count))
            for start in range(0, len(rows), length):
                part = slice(start, start + length)
                data, root, uvw = _read(main, rows[part], frequency[0], shortest_lambda)
                delay = uvw @ cosines.T / SPEED_OF_LIGHT
                templates = np.empty((*data.shape, 2, 3, count), np.float32)
                fill = partial(
                    _fill,
                    templates=templates,
                    root=root,
                    delay=delay,
                    slopes=np.stack([_slope(uvw, cosines, axis) for axis in (0, 1)]).astype(np.float32),
                    smearing=np.sinc(delay * width).astype(np.float32),
                    apparent=apparent,
                    moment=moment[part],
                    frequency=frequency,
                    anchor=anchor_spacing(frequency),
                )
                list(pool.map(fill, range(THREADS)))
                yield templates.reshape(-1, 3 * count), (data * root).view(np.float32).ravel()


def _read(
    main: Any, rows: NDArray[np.int64], first_hz: float, shortest: float
) -> tuple[NDArray[np.complex64], NDArray[np.float32], Floats]:
    """Return Stokes I and the root of its weight, shape (n_row, n_channel), and UVW of rows."""
    with main.selectrows(rows) as chosen:
        data, uvw = chosen.getcol("DATA")[:, :, [0, -1]], chosen.getcol("UVW")
        spectral = "WEIGHT_SPECTRUM" in chosen.colnames() and chosen.iscelldefined("WEIGHT_SPECTRUM", 0)
        weight = chosen.getcol("WEIGHT_SPECTRUM") if spectral else chosen.getcol("WEIGHT")[:, None, :]
        weight = weight[:, :, [0, -1]] * ~chosen.getcol("FLAG")[:, :, [0, -1]]
    weight[np.hypot(uvw[:, 0], uvw[:, 1]) * first_hz / SPEED_OF_LIGHT < shortest] = 0
    total = weight.sum(axis=2)
    mean = (data * weight).sum(axis=2) / np.maximum(total, np.finfo(np.float32).tiny)
    return mean.astype(np.complex64), np.sqrt(total), uvw


def _slope(uvw_m: Floats, cosines: Floats, axis: int) -> Floats:
    """Return the change of delay by an arcsec of l (axis 0) or m (1), s, shape (n_row, n_source)."""
    along, up = cosines[:, axis], 1 + cosines[:, 2]
    return (uvw_m[:, axis, None] - uvw_m[:, 2, None] * along / up) * ARCSEC / SPEED_OF_LIGHT


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _fill(
    thread: int,
    templates: NDArray[np.float32],
    root: NDArray[np.float32],
    delay: Floats,
    slopes: NDArray[np.float32],
    smearing: NDArray[np.float32],
    apparent: NDArray[np.float32],
    moment: NDArray[np.int64],
    frequency: Floats,
    anchor: int,
) -> None:
    """Fill every `THREADS`-th row's `templates` (n_row, n_channel, 2, 3, n_source), starting at `thread`."""
    sources, channels = delay.shape[1], frequency.shape[0]
    turned = np.zeros((sources, channels), np.complex64)
    for row in range(thread, templates.shape[0], THREADS):
        for source in range(sources):
            turn(turned[source], delay[row, source], frequency, anchor)
        for channel in range(channels):
            real, imaginary = templates[row, channel]
            angle = np.float32(2 * np.pi * frequency[channel])
            # innermost: templates of one value lie side by side
            for source in range(sources):
                size = root[row, channel] * smearing[row, source] * apparent[moment[row], source, channel]
                real[0, source] = size * turned[source, channel].real
                imaginary[0, source] = size * turned[source, channel].imag
                for axis in range(2):
                    phase = angle * slopes[axis, row, source]
                    real[1 + axis, source] = -phase * imaginary[0, source]
                    imaginary[1 + axis, source] = phase * real[0, source]
