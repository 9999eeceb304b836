"""The reference: what pyuvdata makes of the same files."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from astropy.utils import iers

from dsa_hcal_assets.radio.conversion.phase import PhaseCentre

iers.conf.auto_download = False


def write(files: Sequence[Path], out: Path, centre: PhaseCentre | None, layout: str = "single") -> None:
    """Read, order, phase and write with pyuvdata, at double precision where it can."""
    from pyuvdata import UVData

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole: Any = None
        # subbands descend in frequency, windows ascend
        for number, path in zip(range(len(files))[::-1], files, strict=True):
            part = UVData()
            part.read(str(path), file_type="uvh5", run_check=False)
            if layout == "per-subband":
                part.spw_array = np.array([number])
                part.flex_spw_id_array = np.full(part.Nfreqs, number)
            whole = part if whole is None else whole.__add__(part, run_check=False)
        order = "freq"
        whole.reorder_freqs(channel_order=order, spw_order=order, run_check=False)
        whole.uvw_array = whole.uvw_array.astype(np.float64)
        if centre is not None:
            if next(iter(whole.phase_center_catalog.values()))["cat_type"] == "driftscan":
                # the file's float32 (u, v, w) would cost the phases their accuracy
                whole.set_uvws_from_antenna_positions(update_vis=False)
            whole.phase(
                lon=centre.ra_rad,
                lat=centre.dec_rad,
                epoch=2000.0,
                phase_frame="icrs",
                cat_name=centre.name,
                use_ant_pos=True,
            )
        whole.write_ms(str(out), run_check=False, clobber=True)


def columns(path: Path, table: str = "") -> dict[str, Any]:
    """Return all readable columns of a (sub)table."""
    from casacore import tables

    found: dict[str, Any] = {}
    with tables.table(str(path / table) if table else str(path), ack=False) as opened:
        for name in opened.colnames():
            record = opened.coldatatype(name) == "record"
            if opened.nrows() and not record and opened.iscelldefined(name, opened.nrows() - 1):
                values = opened.getcol(name)
                found[name] = np.asarray(values["array"] if isinstance(values, dict) else values)
    return found
