"""Fill the main table: visibilities in blocks, everything else per row."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.conversion.plan import Plan
from dsa_hcal_assets.radio.conversion.schema import Table
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


def write_rows(table: Table, plan: Plan, reader: GroupReader, step: Callable[[int], None]) -> Written:
    """Write all rows of all windows; `step` is called with the visibilities written by each block."""
    written = Written()
    size = reader.block_rows()
    has_spectrum = "WEIGHT_SPECTRUM" in table.colnames()
    for run_start, run_stop in runs(plan):
        for number, window in enumerate(plan.windows):
            present = plan.present(window)
            # windows before this one in earlier runs, then in this run
            offset = run_start * len(plan.windows) + number * (run_stop - run_start)
            for first, last in blocks(run_stop - run_start, size):
                block = reader.read(window, run_start + first, run_start + last)
                _put_block(table, block, present, offset + first, has_spectrum)
                _put_row_columns(table, plan, run_start + first, run_start + last, offset + first, number)
                written.rows += last - first
                written.flagged += int(np.count_nonzero(block.flags))
                written.values += block.flags.size
                written.not_finite += block.bad
                step(block.data.size)
    return written


def _put_block(table: Table, block: Block, present: NDArray[np.bool_], row: int, has_spectrum: bool) -> None:
    count = len(block.data)
    table.putcol("DATA", block.data, row, count)
    table.putcol("FLAG", block.flags, row, count)
    weights = np.median(block.weights[:, present], axis=1).astype(np.float32)
    # a weight of zero has no sigma; CASA skips such rows by their weight
    sigma = np.zeros_like(weights)
    np.power(weights, -0.5, out=sigma, where=weights > 0)
    table.putcol("WEIGHT", weights, row, count)
    table.putcol("SIGMA", sigma, row, count)
    table.putcol("FLAG_ROW", block.flags.all(axis=(1, 2)), row, count)
    if has_spectrum:
        table.putcol("WEIGHT_SPECTRUM", block.weights, row, count)


def _put_row_columns(table: Table, plan: Plan, start: int, stop: int, row: int, window: int) -> None:
    header, rows, count = plan.reference, plan.rows[start:stop], stop - start
    swapped = plan.swapped[start:stop]
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
        "SCAN_NUMBER": plan.scans[start:stop].astype(np.int32),
        "DATA_DESC_ID": np.full(count, window, np.int32),
    }
    zeros = np.zeros(count, np.int32)
    for name in ("ARRAY_ID", "FEED1", "FEED2", "OBSERVATION_ID", "PROCESSOR_ID", "STATE_ID"):
        columns[name] = zeros
    for name, values in columns.items():
        table.putcol(name, values, row, count)
