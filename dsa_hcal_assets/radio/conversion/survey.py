"""One reading of a Measurement Set: what gates, figures and reports need to know of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.conversion.tallies import Ints, PairTally, WindowSurvey

Floats = NDArray[np.float64]
# visibilities in memory at a time; a few arrays of this size exist at once
BLOCK_BYTES = 16 << 20
ROWS_OF_COLUMNS = 1 << 18
UV_SAMPLES = 20_000
# casacore Stokes::StokesTypes of correlations that are a power when an antenna meets itself
PARALLEL_HANDS = (1, 5, 8, 9, 12)


@dataclass
class Survey:
    """A Measurement Set in numbers. Positions ITRF in m; directions in rad; times in s of MJD."""

    rows: int
    windows: list[WindowSurvey]
    antenna_names: list[str]
    antenna_positions_m: Floats
    antennas_used: Ints
    directions: dict[str, Floats]  # FIELD column -> (fields, 2)
    direction_frame: str  # astropy's name of PHASE_DIR's frame
    field_names: list[str]
    field_times: Floats  # (fields, 2): first and last time of each field's rows; NaN without rows
    times: Floats  # unique
    amplitude_of_time: Floats
    uv_m: Floats  # a sample of (u, v), (n, 2)
    longest_uvw_m: float
    longest_baseline_m: float
    uvw_residual_m: float  # largest | |uvw| - |antenna 2 - antenna 1| |
    pairs: PairTally
    autos: int  # unflagged values of parallel hands
    autos_not_positive: int
    not_finite: int  # unflagged cross-correlations that are NaN or infinite


def survey(path: Path) -> Survey:
    """Read the Measurement Set at `path`, its visibilities once, in blocks of rows.

    Parameters
    ----------
    path
        A Measurement Set whose windows have the same number of correlations.
    """
    from casacore import tables

    def column(name: str, *columns: str) -> list[Any]:
        with tables.table(str(path / name), ack=False, lockoptions="autonoread") as table:
            return [table.getcol(wanted) for wanted in columns]

    names, positions = column("ANTENNA", "NAME", "POSITION")
    fields = column("FIELD", "NAME", "PHASE_DIR", "REFERENCE_DIR", "DELAY_DIR")
    with tables.table(str(path / "FIELD"), ack=False) as table:
        frame = str(table.getcolkeyword("PHASE_DIR", "MEASINFO")["Ref"])
    with tables.table(str(path), ack=False, lockoptions="autonoread") as main:
        rows = int(main.nrows())
        index = _Index(main, np.asarray(positions), len(fields[0]))
        gatherer = _Gatherer(_windows(path, len(index.times)), index, _parallel_hands(path))
        for start, count in _window_runs(main, gatherer.windows):
            gatherer.add(main, start, count)
    return Survey(
        rows=rows,
        windows=gatherer.windows,
        antenna_names=list(names),
        antenna_positions_m=np.asarray(positions),
        antennas_used=index.antennas,
        directions={
            name: np.asarray(values)[:, 0]
            for name, values in zip(("PHASE_DIR", "REFERENCE_DIR", "DELAY_DIR"), fields[1:], strict=True)
        },
        direction_frame={"J2000": "fk5"}.get(frame, frame.lower()),
        field_names=list(fields[0]),
        field_times=index.field_times,
        times=index.times,
        amplitude_of_time=_amplitude_of_time(gatherer.windows, len(index.times)),
        uv_m=np.concatenate(index.uv) if index.uv else np.empty((0, 2)),
        longest_uvw_m=index.longest_uvw,
        longest_baseline_m=index.longest_baseline,
        uvw_residual_m=index.residual,
        pairs=gatherer.pairs,
        autos=gatherer.autos,
        autos_not_positive=gatherer.autos_not_positive,
        not_finite=gatherer.not_finite,
    )


def _windows(path: Path, times: int) -> list[WindowSurvey]:
    """Return an empty survey of each DATA_DESC_ID."""
    from casacore import tables

    with (
        tables.table(str(path / "DATA_DESCRIPTION"), ack=False) as described,
        tables.table(str(path / "SPECTRAL_WINDOW"), ack=False) as bands,
        tables.table(str(path / "POLARIZATION"), ack=False) as polarizations,
    ):
        spectral = described.getcol("SPECTRAL_WINDOW_ID")
        correlations = len(polarizations.getcell("CORR_TYPE", 0))
        return [
            WindowSurvey.empty(
                np.asarray(bands.getcell("CHAN_FREQ", int(row))),
                np.abs(np.asarray(bands.getcell("CHAN_WIDTH", int(row)))),
                times,
                correlations,
            )
            for row in spectral
        ]


def _parallel_hands(path: Path) -> list[int]:
    from casacore import tables

    with tables.table(str(path / "POLARIZATION"), ack=False) as table:
        return [int(n) for n in np.flatnonzero(np.isin(table.getcell("CORR_TYPE", 0), PARALLEL_HANDS))]


def _window_runs(main: Any, windows: list[WindowSurvey]) -> Iterator[tuple[int, int]]:
    """Yield (start, count) of neighbouring rows of one window that fit into `BLOCK_BYTES`."""
    for begin in range(0, main.nrows(), ROWS_OF_COLUMNS):
        which = main.getcol("DATA_DESC_ID", begin, min(ROWS_OF_COLUMNS, main.nrows() - begin))
        edges = [0, *(np.flatnonzero(np.diff(which)) + 1).tolist(), len(which)]
        for first, last in pairwise(edges):
            size = max(1, BLOCK_BYTES // (8 * windows[int(which[first])].amplitude_sum.size))
            for start in range(first, last, size):
                yield begin + start, min(size, last - start)


def _amplitude_of_time(windows: list[WindowSurvey], times: int) -> Floats:
    mean, used = np.full(times, np.nan), np.zeros(times)
    amplitude = np.zeros(times)
    for window in windows:
        amplitude += window.amplitude_of_time
        used += window.counted_of_time - window.flagged_of_time.sum(axis=1)
    np.divide(amplitude, used, out=mean, where=used > 0)
    return mean


class _Index:
    """What the light columns say: times, fields, antennas and (u, v, w)."""

    def __init__(self, main: Any, positions: Floats, fields: int) -> None:
        self.times: Floats = np.empty(0)
        self.antennas: Ints = np.empty(0, np.int64)
        self.field_times = np.full((fields, 2), np.nan)
        self.uv: list[Floats] = []
        self.longest_uvw = self.longest_baseline = self.residual = 0.0
        self._positions = positions
        self._chance = np.random.default_rng(0)
        self._share = UV_SAMPLES / max(1, main.nrows())
        for start in range(0, main.nrows(), ROWS_OF_COLUMNS):
            self._add(main, start, min(ROWS_OF_COLUMNS, main.nrows() - start))

    def _add(self, main: Any, start: int, count: int) -> None:
        times, fields = main.getcol("TIME", start, count), main.getcol("FIELD_ID", start, count)
        self.times = np.union1d(self.times, times)
        for field in np.unique(fields).tolist():
            seen = times[fields == field]
            earlier, later = self.field_times[field]
            self.field_times[field] = np.fmin(earlier, seen.min()), np.fmax(later, seen.max())
        first, second = main.getcol("ANTENNA1", start, count), main.getcol("ANTENNA2", start, count)
        self.antennas = np.union1d(self.antennas, np.union1d(first, second)).astype(np.int64)
        self._add_uvw(main.getcol("UVW", start, count), first, second)

    def _add_uvw(self, uvw: Floats, first: NDArray[np.int32], second: NDArray[np.int32]) -> None:
        lengths = np.linalg.norm(uvw, axis=1)
        baselines = np.linalg.norm(self._positions[second] - self._positions[first], axis=1)
        self.longest_uvw = max(self.longest_uvw, float(lengths.max(initial=0)))
        self.longest_baseline = max(self.longest_baseline, float(baselines.max(initial=0)))
        self.residual = max(self.residual, float(np.abs(lengths - baselines).max(initial=0)))
        # by chance: a fixed step would meet the same baselines at every time
        drawn = (first != second) & (self._chance.random(len(uvw)) < self._share)
        self.uv.append(uvw[drawn, :2])


class _Gatherer:
    """Sums over visibilities."""

    def __init__(self, windows: list[WindowSurvey], index: _Index, parallel: list[int]) -> None:
        self.windows = windows
        correlations = windows[0].amplitude_sum.shape[1] if windows else 1
        self.pairs = PairTally.empty(index.antennas, correlations)
        self.autos = self.autos_not_positive = self.not_finite = 0
        self._times = index.times
        self._parallel = parallel

    def add(self, main: Any, start: int, count: int) -> None:
        first, second = main.getcol("ANTENNA1", start, count), main.getcol("ANTENNA2", start, count)
        cross = first != second
        data, flags = main.getcol("DATA", start, count), main.getcol("FLAG", start, count)
        window = self.windows[int(main.getcell("DATA_DESC_ID", start))]
        window.all_zero = window.all_zero and not data.any()
        self._add_autos(data[~cross], flags[~cross])
        amplitude = np.abs(data)
        # what is flagged may be anything, NaN included
        amplitude[flags] = 0
        amplitude[~cross] = 0
        flags[~cross] = False
        when = np.searchsorted(self._times, main.getcol("TIME", start, count))
        window.add(amplitude, flags, cross, when)
        bad = self.pairs.add(first, second, amplitude, flags, cross)
        if bad:
            self.not_finite += int(np.count_nonzero(~np.isfinite(amplitude)))

    def _add_autos(self, data: NDArray[np.complex64], flags: NDArray[np.bool_]) -> None:
        power, live = data[:, :, self._parallel].real, ~flags[:, :, self._parallel]
        self.autos += int(live.sum())
        self.autos_not_positive += int(((power <= 0) & live).sum())
