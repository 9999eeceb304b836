"""One pass over a Measurement Set: what gates, figures and reports need to know of it."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.conversion.visibilities import blocks

Floats = NDArray[np.float64]
BLOCK_ROWS = 8192


@dataclass
class WindowSurvey:
    """Means over the cross-correlations of one window; (channels, correlations) arrays."""

    frequencies_hz: Floats
    amplitude_sum: Floats
    used: Floats
    flagged: Floats
    total: int = 0
    all_zero: bool = True

    @property
    def mean_amplitude(self) -> Floats:
        """Mean amplitude of unflagged cross-correlations; NaN where all are flagged."""
        return np.divide(
            self.amplitude_sum, self.used, out=np.full_like(self.amplitude_sum, np.nan), where=self.used > 0
        )


@dataclass
class Survey:
    """A Measurement Set in numbers. Positions ITRF in m; directions in rad; times in s of MJD."""

    rows: int
    windows: list[WindowSurvey]
    antenna_names: list[str]
    antenna_positions_m: Floats
    antennas_used: NDArray[np.int64]
    directions: dict[str, Floats]  # FIELD column -> (fields, 2)
    field_names: list[str]
    times: Floats  # unique
    amplitude_of_time: Floats
    uv_m: Floats  # a sample of (u, v), (n, 2)
    longest_uvw_m: float
    longest_baseline_m: float
    uvw_residual_m: float  # largest | |uvw| - |antenna 2 - antenna 1| |
    autos: int
    autos_not_positive: int

    @property
    def flagged_fraction(self) -> float:
        """Share of cross-correlation values that are flagged."""
        flagged = sum(float(window.flagged.sum()) for window in self.windows)
        total = sum(window.total for window in self.windows)
        return flagged / total if total else float("nan")


def survey(path: Path) -> Survey:
    """Read the Measurement Set at `path` once, in blocks of rows."""
    from casacore import tables

    def column(name: str, *columns: str) -> list[Any]:
        with tables.table(str(path / name), ack=False, lockoptions="autonoread") as table:
            return [table.getcol(wanted) for wanted in columns]

    with tables.table(str(path / "SPECTRAL_WINDOW"), ack=False) as table:
        bands = [np.asarray(table.getcell("CHAN_FREQ", row)) for row in range(table.nrows())]
    names, positions = column("ANTENNA", "NAME", "POSITION")
    fields = column("FIELD", "NAME", "PHASE_DIR", "REFERENCE_DIR", "DELAY_DIR")
    with tables.table(str(path), ack=False, lockoptions="autonoread") as main:
        gatherer = _Gatherer(bands, np.asarray(positions), main)
        for start, stop in blocks(main.nrows(), BLOCK_ROWS):
            gatherer.add(main, start, stop - start)
        rows = int(main.nrows())
    times = np.array(sorted(gatherer.by_time))
    sums = np.array([gatherer.by_time[time] for time in times]).reshape(-1, 2)
    return Survey(
        rows=rows,
        windows=gatherer.windows,
        antenna_names=list(names),
        antenna_positions_m=np.asarray(positions),
        antennas_used=np.array(sorted(gatherer.antennas), np.int64),
        directions={
            name: np.asarray(values)[:, 0]
            for name, values in zip(("PHASE_DIR", "REFERENCE_DIR", "DELAY_DIR"), fields[1:], strict=True)
        },
        field_names=list(fields[0]),
        times=times,
        amplitude_of_time=np.divide(
            sums[:, 0], sums[:, 1], out=np.full(len(times), np.nan), where=sums[:, 1] > 0
        ),
        uv_m=np.concatenate(gatherer.uv) if gatherer.uv else np.empty((0, 2)),
        longest_uvw_m=gatherer.longest_uvw,
        longest_baseline_m=gatherer.longest_baseline,
        uvw_residual_m=gatherer.residual,
        autos=gatherer.autos,
        autos_not_positive=gatherer.autos_not_positive,
    )


class _Gatherer:
    def __init__(self, bands: list[Floats], positions: Floats, main: Any) -> None:
        correlations = main.getcell("DATA", 0).shape[1] if main.nrows() else 1
        shapes = [(len(band), correlations) for band in bands]
        self.windows = [
            WindowSurvey(band, np.zeros(shape), np.zeros(shape), np.zeros(shape))
            for band, shape in zip(bands, shapes, strict=True)
        ]
        self.positions = positions
        self.antennas: set[int] = set()
        self.by_time: dict[float, list[float]] = {}
        self.uv: list[Floats] = []
        self.longest_uvw = self.longest_baseline = self.residual = 0.0
        self.autos = self.autos_not_positive = 0

    def add(self, main: Any, start: int, count: int) -> None:
        first, second = main.getcol("ANTENNA1", start, count), main.getcol("ANTENNA2", start, count)
        self.antennas |= set(np.unique(first).tolist()) | set(np.unique(second).tolist())
        self._add_uvw(main.getcol("UVW", start, count), first, second)
        times, windows = main.getcol("TIME", start, count), main.getcol("DATA_DESC_ID", start, count)
        cross = first != second
        # rows of one window are consecutive; windows may differ in channels, so each run is read apart
        edges = [0, *(np.flatnonzero(np.diff(windows)) + 1).tolist(), count]
        for begin, end in pairwise(edges):
            data = main.getcol("DATA", start + begin, end - begin)
            flags = main.getcol("FLAG", start + begin, end - begin)
            window = self.windows[int(windows[begin])]
            self._add_visibilities(window, data, flags, cross[begin:end], times[begin:end])

    def _add_uvw(self, uvw: Floats, first: NDArray[np.int32], second: NDArray[np.int32]) -> None:
        lengths = np.linalg.norm(uvw, axis=1)
        baselines = np.linalg.norm(self.positions[second] - self.positions[first], axis=1)
        self.longest_uvw = max(self.longest_uvw, float(lengths.max(initial=0)))
        self.longest_baseline = max(self.longest_baseline, float(baselines.max(initial=0)))
        self.residual = max(self.residual, float(np.abs(lengths - baselines).max(initial=0)))
        self.uv.append(uvw[first != second][:: max(1, len(uvw) // 2000), :2])

    def _add_visibilities(
        self,
        window: WindowSurvey,
        data: NDArray[np.complex64],
        flags: NDArray[np.bool_],
        cross: NDArray[np.bool_],
        times: Floats,
    ) -> None:
        good = ~flags[cross]
        # what is flagged may be anything, NaN included
        amplitude = np.where(good, np.abs(data[cross]), 0)
        window.all_zero = window.all_zero and not np.any(data)
        window.amplitude_sum += amplitude.sum(axis=0, dtype=np.float64)
        window.used += good.sum(axis=0)
        window.flagged += (~good).sum(axis=0)
        window.total += good.size
        for time in np.unique(times[cross]).tolist():
            at = times[cross] == time
            entry = self.by_time.setdefault(time, [0.0, 0.0])
            entry[0] += float(amplitude[at].sum(dtype=np.float64))
            entry[1] += float(good[at].sum())
        # parallel hands are the first and the last correlation
        autos = data[~cross][:, :, [0, -1]]
        live = ~flags[~cross][:, :, [0, -1]]
        self.autos += int(live.sum())
        self.autos_not_positive += int(((autos.real <= 0) & live).sum())
