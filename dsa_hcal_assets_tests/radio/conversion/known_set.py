"""A Measurement Set written value by value, so that every number about it is known beforehand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dsa_hcal_assets.radio.conversion.schema import create_main_table

# on the equator at longitude 0: x is up, y east, z north
X = 6378137.0
POSITIONS_M = np.array([[X, 0, 0], [X, 300, 0], [X, 0, 400], [X, -120, 0]])
TIMES = 5.1e9 + 10.0 * np.arange(3)
LOW_HZ, WIDTH_HZ, CHANNELS = 1.4e9, 1e6, 4
DIRECTION = np.array([[1.2, 0.5]])
FIRST, SECOND = np.triu_indices(len(POSITIONS_M))
BASELINES = len(FIRST)
CROSS = FIRST != SECOND


def write(path: Path, *, windows: int = 2, change: Callable[[dict[str, Any]], None] | None = None) -> Path:
    """Write `windows` windows of 4 channels and 2 correlations, 3 times, 4 antennas with autos.

    Cross-correlations of window w, correlation c and channel k have the amplitude ``1 + w + c + k/10``
    at every time, autocorrelations are 50. (u, v, w) are (east, north, up) differences. `change`
    may alter the columns, keyed by name, before they are written.
    """
    from casacore import tables

    rows = windows * len(TIMES) * BASELINES
    shape = (windows, len(TIMES), BASELINES, CHANNELS, 2)
    amplitude = np.ones(shape)
    amplitude += np.arange(windows)[:, None, None, None, None]
    amplitude += np.arange(2)
    amplitude += np.arange(CHANNELS)[:, None] / 10
    data = amplitude * np.exp(0.3j)
    data[:, :, ~CROSS] = 50
    difference = POSITIONS_M[SECOND] - POSITIONS_M[FIRST]
    columns: dict[str, Any] = {
        "DATA": data.astype(np.complex64),
        "FLAG": np.zeros(shape, np.bool_),
        "UVW": np.broadcast_to(difference[:, [1, 2, 0]], (windows, len(TIMES), BASELINES, 3)).copy(),
        "TIME": np.broadcast_to(TIMES[None, :, None], shape[:3]).copy(),
        "ANTENNA1": np.broadcast_to(FIRST, shape[:3]).astype(np.int32),
        "ANTENNA2": np.broadcast_to(SECOND, shape[:3]).astype(np.int32),
        "DATA_DESC_ID": np.broadcast_to(np.arange(windows)[:, None, None], shape[:3]).astype(np.int32),
        "POSITION": POSITIONS_M.copy(),
        "CHAN_FREQ": LOW_HZ + WIDTH_HZ * np.arange(windows * CHANNELS).reshape(windows, CHANNELS),
        "FIELD_ID": np.zeros(shape[:3], np.int32),
        "CORR_TYPE": np.array([9, 12], np.int32),
        "DIRECTIONS": {name: DIRECTION.copy() for name in ("PHASE_DIR", "REFERENCE_DIR", "DELAY_DIR")},
    }
    if change is not None:
        change(columns)
    main = create_main_table(path, CHANNELS, 2, rows, weight_spectrum=False)
    for name in ("DATA", "FLAG", "UVW", "TIME", "ANTENNA1", "ANTENNA2", "DATA_DESC_ID", "FIELD_ID"):
        values = columns[name]
        main.putcol(name, np.ascontiguousarray(values.reshape(rows, *values.shape[3:])))
    main.close()
    with tables.table(str(path / "ANTENNA"), readonly=False, ack=False) as table:
        table.addrows(len(POSITIONS_M))
        table.putcol("NAME", [f"A{number}" for number in range(len(POSITIONS_M))])
        table.putcol("POSITION", columns["POSITION"])
    with tables.table(str(path / "SPECTRAL_WINDOW"), readonly=False, ack=False) as table:
        table.addrows(windows)
        for row, frequencies in enumerate(columns["CHAN_FREQ"]):
            table.putcell("CHAN_FREQ", row, frequencies)
            table.putcell("CHAN_WIDTH", row, np.full(CHANNELS, WIDTH_HZ))
    with tables.table(str(path / "POLARIZATION"), readonly=False, ack=False) as table:
        table.addrows(1)
        table.putcell("CORR_TYPE", 0, columns["CORR_TYPE"])
    with tables.table(str(path / "DATA_DESCRIPTION"), readonly=False, ack=False) as table:
        table.addrows(windows)
        table.putcol("SPECTRAL_WINDOW_ID", np.arange(windows, dtype=np.int32))
    with tables.table(str(path / "FIELD"), readonly=False, ack=False) as table:
        table.addrows(1)
        table.putcell("NAME", 0, "here")
        for name, direction in columns["DIRECTIONS"].items():
            table.putcell(name, 0, direction)
    return path
