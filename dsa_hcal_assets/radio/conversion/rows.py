"""Fill the main table: visibilities in blocks, everything else per row."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.conversion.plan import Plan
from dsa_hcal_assets.radio.conversion.reading_ahead import Piece, read_ahead
from dsa_hcal_assets.radio.conversion.schema import Table
from dsa_hcal_assets.radio.conversion.stopwatch import Stopwatch
from dsa_hcal_assets.radio.conversion.visibilities import Block, GroupReader, blocks

# Julian date of MJD 0
MJD_ZERO = 2400000.5
DAY = 86400.0


@dataclass
class Written:
    """What went into the main table."""

    rows: int = 0
    flagged: int = 0
    values: int = 0
    not_finite: int = 0


def mjd_seconds(times_jd: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return JD (UTC) as the MS counts time: seconds of MJD, UTC."""
    return (times_jd - MJD_ZERO) * DAY


def runs(plan: Plan) -> Iterator[tuple[int, int]]:
    """Yield the (start, stop) runs of rows that are written window after window.

    With several windows a run is a scan: CASA reads scan by scan, window by window.
    """
    length = len(plan.rows)
    if len(plan.windows) == 1:
        yield 0, length
        return
    edges = np.flatnonzero(np.diff(plan.scans)) + 1
    yield from zip([0, *edges.tolist()], [*edges.tolist(), length], strict=True)


def pieces(plan: Plan, size: int) -> Iterator[Piece]:
    """Yield the main table in its order, at most `size` rows at a time."""
    at = 0
    for start, stop in runs(plan):
        for window in range(len(plan.windows)):
            for first, last in blocks(stop - start, size):
                yield Piece(window, start + first, start + last, at)
                at += last - first


def write_rows(
    table: Table, reader: GroupReader, step: Callable[[int], None], watch: Stopwatch | None = None
) -> Written:
    """Write all rows of all windows.

    Parameters
    ----------
    table
        Main table with all its rows, still empty.
    reader
        Of the planned group.
    step
        Called with the number of visibilities written by each block.
    watch
        Gets what writing takes, as ``write``.
    """
    written, plan, watch = Written(), reader.plan, watch or Stopwatch()
    with closing(read_ahead(reader, pieces(plan, reader.block_rows()))) as found:
        for piece, block in found:
            with watch("write"):
                _put_block(table, block, piece.at)
                _put_row_columns(table, plan, piece)
            written.rows += piece.stop - piece.start
            written.flagged += int(np.count_nonzero(block.flags))
            written.values += block.flags.size
            written.not_finite += block.bad
            step(block.data.size)
    return written


def _put_block(table: Table, block: Block, row: int) -> None:
    count = len(block.data)
    # a weight of zero has no sigma; CASA skips such rows by their weight
    sigma = np.zeros_like(block.weights)
    np.power(block.weights, -0.5, out=sigma, where=block.weights > 0)
    columns = {
        "DATA": block.data,
        "FLAG": block.flags,
        "WEIGHT": block.weights,
        "SIGMA": sigma,
        "FLAG_ROW": block.flags.all(axis=(1, 2)),
    }
    if block.spectrum is not None:
        columns["WEIGHT_SPECTRUM"] = block.spectrum
    for name, values in columns.items():
        table.putcol(name, values, row, count)


def _put_row_columns(table: Table, plan: Plan, piece: Piece) -> None:
    header, count = plan.reference, piece.stop - piece.start
    rows, swapped = plan.rows[piece.start : piece.stop], plan.swapped[piece.start : piece.stop]
    first = np.where(swapped, header.ant2[rows], header.ant1[rows]).astype(np.int32)
    second = np.where(swapped, header.ant1[rows], header.ant2[rows]).astype(np.int32)
    # the MS conjugates UVH5's visibilities, and so its baselines point the other way
    uvw = np.where(swapped[:, None], 1, -1) * plan.phasing.uvw_m[rows]
    times = mjd_seconds(header.times_jd[rows])
    columns = {
        "ANTENNA1": first,
        "ANTENNA2": second,
        "UVW": uvw,
        "TIME": times,
        "TIME_CENTROID": times,
        "INTERVAL": header.integration_s[rows],
        "EXPOSURE": header.integration_s[rows],
        "FIELD_ID": plan.phasing.field_rows[rows].astype(np.int32),
        "SCAN_NUMBER": plan.scans[piece.start : piece.stop].astype(np.int32),
        "DATA_DESC_ID": np.full(count, piece.window, np.int32),
    }
    zeros = np.zeros(count, np.int32)
    for name in ("ARRAY_ID", "FEED1", "FEED2", "OBSERVATION_ID", "PROCESSOR_ID", "STATE_ID"):
        columns[name] = zeros
    for name, values in columns.items():
        table.putcol(name, values, piece.at, count)
