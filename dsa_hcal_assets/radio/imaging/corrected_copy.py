"""A copy of a calibrated set divided by further gains, and the power of a set's visibilities."""

import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.calibration.solver.solves import Solved
from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY

ROW_BLOCK = 4096


def apply_gains(ms: Path, target: Path, antennas: NDArray[np.int64], solved: Solved) -> Path:
    """Write `ms` divided by g_i conj(g_j) as `target`; what has no solution is flagged.

    Of several intervals the one nearest in time counts. Weights are multiplied by the gains' power.

    Parameters
    ----------
    ms
        Set of one field; only read.
    target
        Directory that must not exist.
    antennas
        Antenna ids of the solutions' second axis.
    solved
        Gains of the two feeds, one for all channels.
    """
    from casacore.tables import table

    shutil.copytree(ms, target)
    with table(str(target), readonly=False, ack=False) as main:
        for start in range(0, main.nrows(), ROW_BLOCK):
            count = min(ROW_BLOCK, main.nrows() - start)
            data, flag, weight = (main.getcol(name, start, count) for name in ("DATA", "FLAG", "WEIGHT"))
            first, second = (_of(antennas, main.getcol(f"ANTENNA{n}", start, count)) for n in (1, 2))
            slot = np.abs(main.getcol("TIME", start, count)[:, None] - solved.times).argmin(axis=1)
            hands = [0, data.shape[2] - 1]
            gain = solved.values[slot, first, 0] * np.conj(solved.values[slot, second, 0])
            known = np.isfinite(gain) & ((first >= 0) & (second >= 0))[:, None]
            gain = np.where(known, gain, 1)
            data[:, :, hands] /= gain[:, None, :]
            flag[:, :, hands] |= ~known[:, None, :]
            weight[:, hands] *= np.abs(gain) ** 2
            main.putcol("DATA", data, start, count)
            main.putcol("FLAG", flag, start, count)
            main.putcol("WEIGHT", weight, start, count)
            if "WEIGHT_SPECTRUM" in main.colnames() and main.iscelldefined("WEIGHT_SPECTRUM", start):
                spectrum = main.getcol("WEIGHT_SPECTRUM", start, count)
                spectrum[:, :, hands] *= np.abs(gain[:, None, :]) ** 2
                main.putcol("WEIGHT_SPECTRUM", spectrum, start, count)
    return target


def total_power(ms: Path) -> tuple[float, float]:
    """Return the sums of w |V|^2 (Jy^2) and of w over unflagged parallel hands of cross-correlations."""
    from casacore.tables import table

    power = total = 0.0
    with table(str(ms), **READ_ONLY) as main:
        for start in range(0, main.nrows(), ROW_BLOCK):
            count = min(ROW_BLOCK, main.nrows() - start)
            data, flag, weight = (main.getcol(name, start, count) for name in ("DATA", "FLAG", "WEIGHT"))
            cross = main.getcol("ANTENNA1", start, count) != main.getcol("ANTENNA2", start, count)
            hands = [0, data.shape[2] - 1]
            used = weight[:, None, hands] * ~flag[:, :, hands] * cross[:, None, None]
            power += float((used * np.abs(data[:, :, hands]) ** 2).sum(dtype=np.float64))
            total += float(used.sum(dtype=np.float64))
    return power, total


def _of(antennas: NDArray[np.int64], numbers: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return where antenna ids are among those with solutions; -1: nowhere."""
    at = np.searchsorted(antennas, numbers).clip(0, len(antennas) - 1)
    return np.where(antennas[at] == numbers, at, -1)
