"""Read a caltable into arrays and judge it: flags, scatter, SNR, antennas lost."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.flagging.steps import MAD_TO_SIGMA
from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY


class CaltableUnreadable(BadInput):
    """A caltable is not one, or is damaged."""


@dataclass(frozen=True)
class Solutions:
    """Solutions of one caltable, one spectral window.

    Attributes
    ----------
    values
        Complex gains (or delays in ns as real numbers), shape (n_solution, n_channel, n_feed).
        CASA's convention: V_observed = g_i conj(g_j) V_true.
    flag, snr
        Same shape; flagged solutions are not to be used.
    antenna, field, reference
        int32, shape (n_solution,).
    time
        UTC MJD seconds, shape (n_solution,).
    frequency_hz
        Shape (n_channel,).
    """

    values: NDArray[np.complex128]
    flag: NDArray[np.bool_]
    snr: NDArray[np.float64]
    antenna: NDArray[np.int32]
    field: NDArray[np.int32]
    reference: NDArray[np.int32]
    time: NDArray[np.float64]
    frequency_hz: NDArray[np.float64]

    def of(self, antennas: Sequence[int] | NDArray[np.int32]) -> "Solutions":
        """Return the solutions of some antennas only."""
        keep = np.isin(self.antenna, antennas)
        return replace(
            self,
            values=self.values[keep],
            flag=self.flag[keep],
            snr=self.snr[keep],
            antenna=self.antenna[keep],
            field=self.field[keep],
            reference=self.reference[keep],
            time=self.time[keep],
        )

    @property
    def good(self) -> NDArray[np.complex128]:
        """Values with NaN where flagged."""
        return np.where(self.flag, np.nan, self.values)


def read_solutions(caltable: Path) -> list[Solutions]:
    """Return the solutions of a caltable by spectral window.

    Raises
    ------
    CaltableUnreadable
        If it cannot be read.
    """
    from casacore.tables import table

    try:
        with (
            table(str(caltable), **READ_ONLY) as main,
            table(str(caltable / "SPECTRAL_WINDOW"), **READ_ONLY) as spectral,
        ):
            windows = main.getcol("SPECTRAL_WINDOW_ID")
            column = "CPARAM" if "CPARAM" in main.colnames() else "FPARAM"
            return [
                _read(
                    main,
                    np.flatnonzero(windows == number),
                    column,
                    spectral.getcell("CHAN_FREQ", int(number)),
                )
                for number in np.unique(windows)
            ]
    except RuntimeError as error:
        raise CaltableUnreadable(f"caltable {caltable} cannot be read", found=str(error)[:200]) from error


def _read(main, rows: NDArray[np.int64], column: str, frequency: NDArray[np.float64]) -> Solutions:  # type: ignore[no-untyped-def]
    with main.selectrows(rows) as chosen:
        return Solutions(
            values=chosen.getcol(column).astype(np.complex128),
            flag=chosen.getcol("FLAG"),
            snr=chosen.getcol("SNR").astype(np.float64),
            antenna=chosen.getcol("ANTENNA1"),
            field=chosen.getcol("FIELD_ID"),
            reference=chosen.getcol("ANTENNA2"),
            time=chosen.getcol("TIME"),
            frequency_hz=np.asarray(frequency, dtype=np.float64),
        )


def flagged_fraction(windows: Sequence[Solutions], antennas: Sequence[int]) -> float:
    """Share of flagged solutions of the antennas that have data; absent solutions count as flagged.

    Channels without a solution of any antenna (edges, a channel lost to interference) do not count.
    """
    flagged = total = 0
    for solutions in windows:
        mine = solutions.of(antennas)
        live = ~mine.flag.all(axis=0)
        flagged += int(mine.flag[:, live].sum())
        total += mine.flag[:, live].size
        slots = np.unique(mine.time).size * len(antennas)
        absent = max(slots - mine.antenna.size, 0) * int(live.sum())
        flagged, total = flagged + absent, total + absent
    return flagged / total if total else float("nan")


def unsolved_fraction(windows: Sequence[Solutions]) -> float:
    """Share of the channels that have not one good solution; NaN when there are no channels."""
    live = [~solutions.flag.all(axis=(0, 2)) for solutions in windows]
    return 1.0 - float(np.concatenate(live).mean()) if live else float("nan")


def lost_antennas(windows: Sequence[Solutions], antennas: Sequence[int]) -> list[int]:
    """Antennas with data that have not one good solution."""
    alive: set[int] = set()
    for solutions in windows:
        alive |= set(solutions.antenna[~solutions.flag.all(axis=(1, 2))].tolist())
    return sorted(set(antennas) - alive)


def median_snr(windows: Sequence[Solutions]) -> float:
    """Median SNR of the good solutions; NaN when there are none."""
    values = np.concatenate([solutions.snr[~solutions.flag] for solutions in windows])
    return float(np.median(values)) if values.size else float("nan")


def bandpass_roughness(windows: Sequence[Solutions]) -> float:
    """Relative scatter of bandpass amplitudes from channel to channel (robust): noise, not shape."""
    steps = []
    for solutions in windows:
        amplitude = np.abs(solutions.good)
        step = np.diff(amplitude, axis=1) / np.sqrt(2) / _nanmedian(amplitude)
        steps.append(step[np.isfinite(step)])
    joined = np.concatenate(steps)
    return MAD_TO_SIGMA * float(np.median(np.abs(joined))) if joined.size else float("nan")


def gain_scatter(windows: Sequence[Solutions]) -> tuple[float, float]:
    """Robust scatter of gains about their antenna's, feed's and field's own course in time.

    Returns
    -------
    amplitude
        Relative.
    phase
        Degrees, after a straight line in time was removed. Zero where every antenna has fewer than
        three solutions (nothing can scatter then).
    """
    amplitudes, phases = [np.zeros(1)], [np.zeros(1)]
    for solutions in windows:
        good = solutions.good[:, 0]
        for antenna in np.unique(solutions.antenna):
            for field in np.unique(solutions.field):
                rows = (solutions.antenna == antenna) & (solutions.field == field)
                for feed in range(good.shape[1]):
                    series, time = good[rows, feed], solutions.time[rows]
                    keep = np.isfinite(series)
                    if keep.sum() >= 3:
                        amplitude = np.abs(series[keep])
                        amplitudes.append(amplitude / np.median(amplitude) - 1.0)
                        phases.append(_detrended(np.unwrap(np.angle(series[keep])), time[keep]))
    return (
        MAD_TO_SIGMA * float(np.median(np.abs(np.concatenate(amplitudes)))),
        MAD_TO_SIGMA * float(np.degrees(np.median(np.abs(np.concatenate(phases))))),
    )


def delays_ns(windows: Sequence[Solutions]) -> NDArray[np.float64]:
    """Good delays of a K table, ns, any order."""
    return np.concatenate([solutions.values.real[~solutions.flag] for solutions in windows])


def _detrended(phase: NDArray[np.float64], time: NDArray[np.float64]) -> NDArray[np.float64]:
    x = time - time.mean()
    slope = float((x * phase).sum() / max(float((x**2).sum()), 1e-12))
    return np.asarray(phase - phase.mean() - slope * x)


def _nanmedian(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else float("nan")
