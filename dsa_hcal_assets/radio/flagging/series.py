"""Visibilities in blocks of whole baselines: bounded memory, every sample read once.

A series is what one baseline saw in one scan, in order of time. The kernels work on series; a block
holds as many of them as fit the memory it may take.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY, frequencies

Ints = NDArray[np.int64]
BLOCK_BYTES = 96 << 20
# shorter runs of rows are read together by a selection, longer ones one by one in place
SHORT_RUN = 16


@dataclass
class Layout:
    """Rows of one data description (spectral window) without their visibilities.

    Attributes
    ----------
    description
        DATA_DESC_ID.
    rows
        Row numbers in the main table, ascending, shape (n_row,); all other rows are positions in it.
    antenna1, antenna2, field, scan
        int32, shape (n_row,).
    time
        Mid-integration time, UTC MJD seconds, shape (n_row,).
    baseline_m
        Length of (u, v, w), shape (n_row,), m.
    frequency_hz
        Channel frequencies, shape (n_channel,).
    correlations
        Number of correlations.
    """

    description: int
    rows: Ints
    antenna1: NDArray[np.int32]
    antenna2: NDArray[np.int32]
    field: NDArray[np.int32]
    scan: NDArray[np.int32]
    time: NDArray[np.float64]
    baseline_m: NDArray[np.float64]
    frequency_hz: NDArray[np.float64]
    correlations: int

    @property
    def cross(self) -> NDArray[np.bool_]:
        """Rows that are cross-correlations, shape (n_row,)."""
        return np.asarray(self.antenna1 != self.antenna2)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n_row, n_channel, n_correlation)."""
        return self.rows.size, self.frequency_hz.size, self.correlations

    def series(self) -> tuple[Ints, Ints]:
        """Return rows ordered by series and time, and where each series starts (and the last ends).

        A new scan begins a new series, as another source may be seen. Where every integration is a
        scan of its own (phase centres that follow the meridian), the scans are one drift.
        """
        count = int(max(self.antenna1.max(initial=0), self.antenna2.max(initial=0))) + 1
        baseline = self.antenna1.astype(np.int64) * count + self.antenna2
        drifts = np.unique(self.scan).size == np.unique(self.time).size
        scan = np.zeros_like(self.scan) if drifts else self.scan
        order = np.lexsort((self.time, scan, baseline))
        changes = np.diff(baseline[order]).astype(bool) | np.diff(scan[order]).astype(bool)
        return order, np.concatenate([[0], np.flatnonzero(changes) + 1, [order.size]])


@dataclass
class Block:
    """Some series of a layout with their visibilities.

    Attributes
    ----------
    rows
        Positions in the layout, ascending, shape (n_row,).
    data
        DATA, complex64, shape (n_row, n_channel, n_correlation), unit of the correlator.
    flag
        FLAG or FLAG_ROW; same shape.
    members
        Rows of the block ordered by series and time.
    starts
        Where in `members` each series starts; the last element is its length.
    """

    rows: Ints
    data: NDArray[np.complex64]
    flag: NDArray[np.bool_]
    members: Ints
    starts: Ints


def layouts(ms: Path) -> list[Layout]:
    """Return the rows of each data description of a Measurement Set.

    Raises
    ------
    BadInput
        If the set has no rows or no DATA.
    """
    from casacore.tables import table

    with table(str(ms), **READ_ONLY) as main:
        if main.nrows() == 0 or "DATA" not in main.colnames():
            raise BadInput(
                f"Measurement Set {ms.name} cannot be read", expected="rows with DATA", kept="left in place"
            )
        descriptions, spectral = main.getcol("DATA_DESC_ID"), frequencies(ms)
        names = ("ANTENNA1", "ANTENNA2", "FIELD_ID", "SCAN_NUMBER", "TIME")
        columns = [main.getcol(name) for name in names]
        length = np.sqrt((main.getcol("UVW") ** 2).sum(axis=1))
        found = []
        for number in np.unique(descriptions):
            rows = np.flatnonzero(descriptions == number)
            correlations = int(main.getcell("DATA", int(rows[0])).shape[1])
            first, second, field, scan, time = (column[rows] for column in columns)
            mine = (first, second, field, scan, time, length[rows], spectral[int(number)])
            found.append(Layout(int(number), rows, *mine, correlations))
        return found


def blocks(ms: Path, layout: Layout, *, most_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Yield all series of a layout, as many at a time as `most_bytes` of visibilities hold (at least one)."""
    from casacore.tables import table

    order, starts = layout.series()
    most_rows = most_bytes // (8 * layout.shape[1] * layout.shape[2])
    with table(str(ms), **READ_ONLY) as main:
        first = 0
        while first < starts.size - 1:
            beyond = int(np.searchsorted(starts, starts[first] + most_rows, side="right")) - 1
            last = max(beyond, first + 1)
            mine = order[starts[first] : starts[last]]
            rows = np.sort(mine)
            chosen = layout.rows[rows]
            flag = _read(main, "FLAG", chosen)
            flag |= _read(main, "FLAG_ROW", chosen)[:, None, None]
            members = np.searchsorted(rows, mine)
            yield Block(
                rows, _read(main, "DATA", chosen), flag, members, starts[first : last + 1] - starts[first]
            )
            first = last


def _read(main: Any, column: str, rows: Ints) -> NDArray[Any]:
    """Read a column for ascending rows, straight into place where they come in long runs."""
    edges = np.flatnonzero(np.diff(rows) != 1) + 1
    begins, ends = np.concatenate([[0], edges]), np.concatenate([edges, [rows.size]])
    if rows.size < SHORT_RUN * begins.size:
        with main.selectrows(rows) as chosen:
            return np.asarray(chosen.getcol(column))
    cell = np.asarray(main.getcell(column, int(rows[0])))
    out = np.empty((rows.size, *cell.shape), cell.dtype)
    for begin, end in zip(begins, ends, strict=True):
        if cell.ndim:
            main.getcolnp(column, out[begin:end], int(rows[begin]), int(end - begin))
        else:
            out[begin:end] = main.getcol(column, int(rows[begin]), int(end - begin))
    return out
