"""Visibilities of one spectral window as arrays, read without touching the Measurement Set."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import BadInput

# Take what another process has written, never ask for a lock: published sets are read-only.
READ_ONLY = {"readonly": True, "ack": False, "lockoptions": "usernoread"}


@dataclass
class Window:
    """All rows of one data description (spectral window) of a Measurement Set.

    Attributes
    ----------
    description
        DATA_DESC_ID.
    rows
        Row numbers in the main table, shape (n_row,).
    data
        DATA, complex64, shape (n_row, n_channel, n_correlation), unit of the correlator.
    flag
        True where a visibility is not to be used; same shape.
    antenna1, antenna2, field, scan
        int32, shape (n_row,).
    time
        Mid-integration time, UTC MJD seconds, shape (n_row,).
    baseline_m
        Length of (u, v, w), shape (n_row,), m.
    frequency_hz
        Channel frequencies, shape (n_channel,).
    """

    description: int
    rows: NDArray[np.int64]
    data: NDArray[np.complex64]
    flag: NDArray[np.bool_]
    antenna1: NDArray[np.int32]
    antenna2: NDArray[np.int32]
    field: NDArray[np.int32]
    scan: NDArray[np.int32]
    time: NDArray[np.float64]
    baseline_m: NDArray[np.float64]
    frequency_hz: NDArray[np.float64]

    @property
    def cross(self) -> NDArray[np.bool_]:
        """Rows that are cross-correlations, shape (n_row,)."""
        return np.asarray(self.antenna1 != self.antenna2)

    @property
    def baseline(self) -> NDArray[np.int64]:
        """One number for each antenna pair, shape (n_row,)."""
        return self.antenna1.astype(np.int64) * (int(self.antenna2.max(initial=0)) + 1) + self.antenna2


def antenna_names(ms: Path) -> list[str]:
    """Return the antenna names by antenna id."""
    from casacore.tables import table

    with table(str(ms / "ANTENNA"), **READ_ONLY) as antennas:
        return [str(name) for name in antennas.getcol("NAME")]


def windows(ms: Path, column: str = "DATA") -> Iterator[Window]:
    """Yield the spectral windows of a Measurement Set one after the other.

    Raises
    ------
    BadInput
        If the set has no rows or not the column.
    """
    from casacore.tables import table

    with table(str(ms), **READ_ONLY) as main:
        if main.nrows() == 0 or column not in main.colnames():
            raise BadInput(
                f"Measurement Set {ms.name} cannot be read",
                expected=f"rows with {column}",
                kept="left in place",
            )
        descriptions = main.getcol("DATA_DESC_ID")
        spectral = frequencies(ms)
        for description in np.unique(descriptions):
            rows = np.flatnonzero(descriptions == description)
            chosen = main if rows.size == main.nrows() else main.selectrows(rows)
            uvw = chosen.getcol("UVW")
            yield Window(
                description=int(description),
                rows=rows,
                data=chosen.getcol(column),
                flag=chosen.getcol("FLAG") | chosen.getcol("FLAG_ROW")[:, None, None],
                antenna1=chosen.getcol("ANTENNA1"),
                antenna2=chosen.getcol("ANTENNA2"),
                field=chosen.getcol("FIELD_ID"),
                scan=chosen.getcol("SCAN_NUMBER"),
                time=chosen.getcol("TIME"),
                baseline_m=np.sqrt((uvw**2).sum(axis=1)),
                frequency_hz=spectral[int(description)],
            )


def frequencies(ms: Path) -> dict[int, NDArray[np.float64]]:
    """Return the channel frequencies of each data description, shape (n_channel,), Hz."""
    from casacore.tables import table

    with table(str(ms / "DATA_DESCRIPTION"), **READ_ONLY) as descriptions:
        spectral_ids = descriptions.getcol("SPECTRAL_WINDOW_ID")
    with table(str(ms / "SPECTRAL_WINDOW"), **READ_ONLY) as spectral:
        return {number: spectral.getcell("CHAN_FREQ", int(spw)) for number, spw in enumerate(spectral_ids)}
