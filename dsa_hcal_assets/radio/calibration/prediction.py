"""Visibilities of point sources, computed directly: for what setjy's single point does not cover."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsa_hcal_assets.radio.calibration.beam import SPEED_OF_LIGHT, DriftBeam
from dsa_hcal_assets.radio.calibration.standards import Calibrator

ROW_BLOCK = 4096
THREADS = 2
# exponentials are stepped over this many channels between exact ones: an error of 1e-6
ANCHOR = 16
Floats = NDArray[np.float64]


def direction_cosines(
    ra_deg: float, dec_deg: float, centre_ra_deg: float, centre_dec_deg: float
) -> tuple[float, float, float]:
    """Return (l, m, n - 1) of a position about a phase centre (deg), SIN projection."""
    a, d, a0, d0 = np.radians([ra_deg, dec_deg, centre_ra_deg, centre_dec_deg])
    east = np.cos(d) * np.sin(a - a0)
    north = np.sin(d) * np.cos(d0) - np.cos(d) * np.sin(d0) * np.cos(a - a0)
    # n - 1 without cancellation near the centre
    depth = -(east**2 + north**2) / (1 + np.sqrt(1 - east**2 - north**2))
    return float(east), float(north), float(depth)


def predict(
    uvw_m: NDArray[np.float64],
    frequency_hz: NDArray[np.float64],
    centre_deg: tuple[float, float],
    sources: Sequence[Calibrator],
    shares: Sequence[NDArray[np.float64]] | None = None,
) -> NDArray[np.complex64]:
    """Return the Stokes I visibilities of point sources, shape (n_row, n_channel), Jy.

    V = sum S exp(2 pi i nu / c (u l + v m + w (n - 1))): the sign that the UVW column of a Measurement
    Set asks for (a test compares with CASA).

    Parameters
    ----------
    uvw_m
        Shape (n_row, 3), m, for the phase centre.
    frequency_hz
        Shape (n_channel,), Hz.
    centre_deg
        Phase centre, ICRS (ra, dec), deg.
    sources
        Positions and spectra.
    shares
        Apparent share of each source's flux density, each broadcastable to (n_row, n_channel).
    """
    total = np.zeros((uvw_m.shape[0], frequency_hz.size), dtype=np.complex64)
    with ThreadPoolExecutor(THREADS) as pool:
        for number, source in enumerate(sources):
            cosines = direction_cosines(source.ra_deg, source.dec_deg, *centre_deg)
            flux = np.array([source.flux_jy(value) for value in frequency_hz])
            apparent = flux if shares is None else flux * shares[number]
            add = partial(
                _add_source,
                total=total,
                delay=uvw_m @ np.array(cosines) / SPEED_OF_LIGHT,
                apparent=np.broadcast_to(apparent, total.shape).astype(np.float32),
                frequency=frequency_hz,
                anchor=anchor_spacing(frequency_hz),
            )
            list(pool.map(add, range(THREADS)))
    return total


def anchor_spacing(frequency_hz: Floats) -> int:
    """Return how many channels `turn` may step over: none where they are not evenly spaced."""
    steps = np.diff(frequency_hz)
    even = steps.size == 0 or np.ptp(steps) < 1e-3 * abs(steps[0])
    return ANCHOR if even else 1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def turn(turned: NDArray[np.complex64], delay_s: float, frequency: Floats, anchor: int) -> None:
    """Set `turned` to exp(2 pi i nu tau) of each channel, exact at every `anchor`-th one."""
    channels = frequency.shape[0]
    turns = delay_s * (frequency[-1] - frequency[0]) / max(channels - 1, 1)
    step = np.complex64(np.exp(2j * np.pi * (turns - np.rint(turns))))
    value = np.complex64(0)
    for channel in range(channels):
        if channel % anchor == 0:
            turns = delay_s * frequency[channel]
            value = np.complex64(np.exp(2j * np.pi * (turns - np.rint(turns))))
        turned[channel] = value
        value *= step


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _add_source(
    thread: int,
    total: NDArray[np.complex64],
    delay: Floats,
    apparent: NDArray[np.float32],
    frequency: Floats,
    anchor: int,
) -> None:
    """Add a source to every `THREADS`-th row, starting at row `thread`."""
    turned = np.zeros(frequency.shape[0], np.complex64)
    for row in range(thread, total.shape[0], THREADS):
        turn(turned, delay[row], frequency, anchor)
        for channel in range(frequency.shape[0]):
            total[row, channel] += apparent[row, channel] * turned[channel]


def add_sources(
    work: Path,
    field: int,
    centre_deg: tuple[float, float],
    sources: Sequence[Calibrator],
    beam: DriftBeam | None = None,
) -> None:
    """Add point sources, seen through the beam, to MODEL_DATA (parallel hands) of one field."""
    for model, uvw, times, frequency in _blocks(work, field):
        shares = [beam.share(s.ra_deg, s.dec_deg, times, frequency) for s in sources] if beam else None
        added = predict(uvw, frequency, centre_deg, sources, shares)
        model[..., 0] += added
        if model.shape[2] > 1:
            model[..., -1] += added


def attenuate_model(work: Path, field: int, source: Calibrator, beam: DriftBeam) -> float:
    """Multiply MODEL_DATA of one field by the beam's response towards a source; returns its mean."""
    shares = []
    for model, _, times, frequency in _blocks(work, field):
        share = beam.share(source.ra_deg, source.dec_deg, times, frequency)
        model *= share[:, :, None].astype(np.float32)
        shares.append(float(share.mean()))
    return float(np.mean(shares))


def mean_model(work: Path, field: int) -> float:
    """Return the mean amplitude of MODEL_DATA of one field over the band, Jy; 0 when there is none.

    setjy itself reports the flux density of the first channel only.
    """
    means = [float(np.abs(model[..., 0]).mean()) for model, _, _, _ in _blocks(work, field)]
    return float(np.mean(means)) if means else 0.0


def _blocks(work: Path, field: int) -> Iterator[tuple[NDArray[np.complex64], Floats, Floats, Floats]]:
    """Yield MODEL_DATA, UVW, TIME and frequencies block by block; what is changed is written back."""
    from casacore.tables import table

    with table(str(work / "DATA_DESCRIPTION"), readonly=True, ack=False) as descriptions:
        spectral_ids = descriptions.getcol("SPECTRAL_WINDOW_ID")
    with table(str(work / "SPECTRAL_WINDOW"), readonly=True, ack=False) as spectral:
        frequencies = [np.asarray(spectral.getcell("CHAN_FREQ", int(number))) for number in spectral_ids]
    with table(str(work), readonly=False, ack=False) as main:
        fields, used = main.getcol("FIELD_ID"), main.getcol("DATA_DESC_ID")
        for description, frequency in enumerate(frequencies):
            rows = np.flatnonzero((fields == field) & (used == description))
            for start in range(0, rows.size, ROW_BLOCK):
                with main.selectrows(rows[start : start + ROW_BLOCK]) as chosen:
                    model = chosen.getcol("MODEL_DATA")
                    yield model, chosen.getcol("UVW"), chosen.getcol("TIME"), frequency
                    chosen.putcol("MODEL_DATA", model)
