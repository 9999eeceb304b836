"""Sub-tables of a Measurement Set whose channels are averaged."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY


def copy_subtables(
    source: Path, target: Path, windows: Mapping[int, int], edges: Mapping[int, NDArray[np.int64]]
) -> None:
    """Replace the sub-tables of `target` by those of `source`, with averaged spectral windows.

    Parameters
    ----------
    windows
        Spectral window of each data description.
    edges
        First channel of each average, by data description.
    """
    from casacore.tables import table

    with table(str(source), **READ_ONLY) as main:
        names = [name for name in main.keywordnames() if str(main.getkeyword(name)).startswith("Table:")]
    with table(str(target), readonly=False, ack=False) as made:
        for name in names:
            with table(str(source / name), **READ_ONLY) as subtable:
                subtable.copy(str(target / name), deep=True, valuecopy=True).close()
            made.putkeyword(name, f"Table: {target / name}")
    with table(str(target / "SPECTRAL_WINDOW"), readonly=False, ack=False) as spectral:
        for description, window in windows.items():
            _average(spectral, window, edges[description])


def _average(spectral: Any, window: int, edges: NDArray[np.int64]) -> None:
    frequency, width = (spectral.getcell(name, window) for name in ("CHAN_FREQ", "CHAN_WIDTH"))
    counts = np.diff(np.append(edges, len(frequency)))
    widths = np.add.reduceat(width, edges)
    cells = {
        "CHAN_FREQ": np.add.reduceat(frequency, edges) / counts,
        "CHAN_WIDTH": widths,
        "EFFECTIVE_BW": np.abs(widths),
        "RESOLUTION": np.abs(widths),
        "NUM_CHAN": len(edges),
    }
    for name, value in cells.items():
        spectral.putcell(name, window, value)
