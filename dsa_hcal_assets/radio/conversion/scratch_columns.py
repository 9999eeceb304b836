"""MODEL_DATA and CORRECTED_DATA, which CASA tasks would otherwise add themselves when first needed."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.conversion.visibilities import blocks

# rows copied at a time hold about this much DATA
COPY_BYTES = 64 << 20
# Stokes I and the parallel hands (casacore Stokes codes): where a source without polarisation has its flux
UNPOLARISED = (1, 5, 8, 9, 12)


def add_scratch_columns(path: Path) -> None:
    """Add MODEL_DATA and CORRECTED_DATA to the Measurement Set at `path`, both tiled like DATA.

    MODEL_DATA is an unpolarised source of 1 Jy at the phase centre, as CASA's `clearcal` sets it:
    1 in the parallel hands, 0 in the cross hands. CORRECTED_DATA equals DATA.
    """
    from casacore import tables

    with tables.table(str(path / "POLARIZATION"), ack=False) as table:
        stokes = table.getcell("CORR_TYPE", 0)
    model = np.isin(stokes, UNPOLARISED).astype(np.complex64)
    with tables.table(str(path), readonly=False, ack=False) as main:
        for column in ("MODEL_DATA", "CORRECTED_DATA"):
            _add_column(tables, main, column)
        for start, count in _runs_of_one_shape(main):
            for first, last in blocks(count, _rows_at_a_time(main, start)):
                data = main.getcol("DATA", start + first, last - first)
                main.putcol("CORRECTED_DATA", data, start + first, last - first)
                main.putcol("MODEL_DATA", np.broadcast_to(model, data.shape), start + first, last - first)


def _add_column(tables: Any, main: Any, column: str) -> None:
    description = tables.makecoldesc(column, main.getcoldesc("DATA"))
    description["desc"]["comment"] = f"The {column.lower().replace('_', ' ')} column"
    manager = next(one for one in main.getdminfo().values() if "DATA" in one["COLUMNS"])
    tile = manager["SPEC"].get("DEFAULTTILESHAPE")
    tiling = {} if tile is None else {"DEFAULTTILESHAPE": tile}
    main.addcols(description, {"TYPE": "TiledShapeStMan", "NAME": f"Tiled{column}", "SPEC": tiling})


def _runs_of_one_shape(main: Any) -> list[tuple[int, int]]:
    """Return (start, count) of rows on one spectral window each: windows may differ in channels."""
    windows: NDArray[np.int32] = main.getcol("DATA_DESC_ID")
    edges = [0, *(np.flatnonzero(np.diff(windows)) + 1).tolist(), len(windows)]
    return [(start, stop - start) for start, stop in pairwise(edges)]


def _rows_at_a_time(main: Any, row: int) -> int:
    row_bytes = int(main.getcell("DATA", row).nbytes)
    return max(1, COPY_BYTES // max(1, row_bytes))
