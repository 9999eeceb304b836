"""A drift scan's Measurement Set referred to another direction, for a solve on another calibrator.

The solvers take the calibrator for the phase centre. Gains belong to antennas and hold whichever
direction the data are referred to, so what is solved on the copy is applied to the original.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.calibration.beam import SPEED_OF_LIGHT
from dsa_hcal_assets.radio.conversion import geometry
from dsa_hcal_assets.radio.conversion.geometry import Site
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY
from dsa_hcal_assets.radio.flagging.working_copy import working_copy

ROW_BLOCK = 4096
FIELD = 0
MJD_OFFSET = 2400000.5
DAY_S = 86400.0
Floats = NDArray[np.float64]


@contextmanager
def rephased(ms: Path, centre: PhaseCentre, scratch: Path) -> Iterator[Path]:
    """Copy `ms` below `scratch` for the duration of the block, all rows referred to `centre` as field 0.

    V' = V exp(-2 pi i nu / c (w' - w)), with (u, v, w)' of the antenna positions for the new centre.
    Times are UTC, as the converter writes them. Rows, flags and weights stay as they are.

    Raises
    ------
    CopyFailed, DeadlineExceeded
        If the copy cannot be made.
    NoEarthOrientation
        If the times lie outside the IERS table.
    """
    from casacore.tables import table

    with working_copy(ms, scratch) as copy:
        with table(str(copy), readonly=False, ack=False) as main:
            uvw = _uvw(main, copy, centre)
            delay_s = (uvw[:, 2] - main.getcol("UVW")[:, 2]) / SPEED_OF_LIGHT
            main.putcol("UVW", uvw)
            main.putcol("FIELD_ID", np.full(main.nrows(), FIELD, np.int32))
            _turn(main, copy, delay_s)
        _name(copy, centre)
        yield copy


def _uvw(main: Any, ms: Path, centre: PhaseCentre) -> Floats:
    """Return (u, v, w) of each row for the centre: antenna 1 minus antenna 2, as the converter writes it."""
    import erfa
    from casacore.tables import table

    with table(str(ms / "ANTENNA"), **READ_ONLY) as antennas:
        positions = np.asarray(antennas.getcol("POSITION"), np.float64)
    first, second = main.getcol("ANTENNA1"), main.getcol("ANTENNA2")
    middle = np.median(positions[np.unique(first)], axis=0)
    longitude, latitude, height = (float(value) for value in erfa.gc2gd(1, middle))
    site = Site(latitude, longitude, height)
    seconds, moment = np.unique(main.getcol("TIME"), return_inverse=True)
    times = seconds / DAY_S + MJD_OFFSET
    with geometry.earth_orientation(times):
        sidereal = geometry.sidereal_time(times, site)
        place = geometry.apparent_place(centre.as_field(FIELD), times, sidereal, site)
    uvw = geometry.antenna_uvw(positions - middle, place, sidereal, longitude)
    return np.asarray(uvw[moment, first] - uvw[moment, second])


def _turn(main: Any, ms: Path, delay_s: Floats) -> None:
    from casacore.tables import table

    with (
        table(str(ms / "DATA_DESCRIPTION"), **READ_ONLY) as descriptions,
        table(str(ms / "SPECTRAL_WINDOW"), **READ_ONLY) as spectral,
    ):
        windows = descriptions.getcol("SPECTRAL_WINDOW_ID")
        frequency_hz = [np.asarray(spectral.getcell("CHAN_FREQ", int(number))) for number in windows]
    used = main.getcol("DATA_DESC_ID")
    for description in np.unique(used):
        rows = np.flatnonzero(used == description)
        for start in range(0, rows.size, ROW_BLOCK):
            block = rows[start : start + ROW_BLOCK]
            turns = np.outer(delay_s[block], frequency_hz[description])
            factor = np.exp(-2j * np.pi * (turns - np.round(turns))).astype(np.complex64)
            with main.selectrows(block) as chosen:
                chosen.putcol("DATA", chosen.getcol("DATA") * factor[:, :, None])


def _name(ms: Path, centre: PhaseCentre) -> None:
    from casacore.tables import table

    direction = np.array([[centre.ra_rad, centre.dec_rad]])
    with table(str(ms / "FIELD"), readonly=False, ack=False) as fields:
        fields.putcell("NAME", FIELD, centre.name)
        for column in ("PHASE_DIR", "DELAY_DIR", "REFERENCE_DIR"):
            fields.putcell(column, FIELD, direction)
