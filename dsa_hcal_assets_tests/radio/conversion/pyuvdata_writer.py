"""The reference: what pyuvdata makes of the same files."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from astropy.utils import iers

from dsa_hcal_assets.radio.conversion.phase import PhaseCentre

iers.conf.auto_download = False


def write(
    files: Sequence[Path],
    out: Path,
    centre: PhaseCentre | Literal["meridian"] | None,
    layout: str = "single",
) -> None:
    """Read, order, phase and write with pyuvdata, at double precision where it can.

    Subbands that are not there stay away: one window then has fewer channels than ours.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = read(files, layout)
        if centre == "meridian":
            to_each_meridian(whole)
        elif centre is not None:
            to_one_centre(whole, centre)
        whole.write_ms(str(out), run_check=False, clobber=True)


def read(files: Sequence[Path], layout: str = "single") -> Any:
    """Read and join subbands, ascending; (u, v, w) at double precision."""
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
        whole.reorder_freqs(channel_order="freq", spw_order="freq", run_check=False)
        whole.uvw_array = whole.uvw_array.astype(np.float64)
        if kind(whole) == "driftscan":
            # the file's float32 (u, v, w) would cost the phases their accuracy
            whole.set_uvws_from_antenna_positions(update_vis=False)
        return whole


def kind(whole: Any) -> str:
    return str(next(iter(whole.phase_center_catalog.values()))["cat_type"])


def to_one_centre(whole: Any, centre: PhaseCentre, **options: Any) -> None:
    place = {"lon": centre.ra_rad, "lat": centre.dec_rad, "epoch": 2000.0, "phase_frame": "icrs"}
    whole.phase(**place, cat_name=centre.name, use_ant_pos=True, **options)


def to_each_meridian(whole: Any) -> None:
    """Phase each integration to ICRS coordinates of (RA = LST, Dec = pointing) at its time."""
    from pyuvdata.utils import phasing

    times, first = np.unique(whole.time_array, return_index=True)
    ra, dec = phasing.calc_sidereal_coords(
        time_array=times,
        app_ra=whole.lst_array[first],
        app_dec=np.full(len(times), whole.extra_keywords["phase_center_dec"]),
        telescope_loc=whole.telescope.location,
        coord_frame="icrs",
    )
    for number, time in enumerate(times):
        centre = PhaseCentre(f"meridian_icrs_t{number}", float(ra[number]), float(dec[number]))
        to_one_centre(whole, centre, select_mask=whole.time_array == time)


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
