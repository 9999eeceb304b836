"""The other writer: the whole group as one pyuvdata object, phased and written by `UVData.write_ms`.

It needs some four times the group's size in memory and several times the time of the direct writer.
It is here for what that one does not know (fields in several frames), and as a second opinion: the
same rows, windows, fields and phase centres by other code.
"""

import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dsa_hcal_assets.errors import PermanentError
from dsa_hcal_assets.radio.conversion.checksums import sha256_of
from dsa_hcal_assets.radio.conversion.geometry import earth_orientation
from dsa_hcal_assets.radio.conversion.group import (
    UNIX_EPOCH_JD,
    ConversionReport,
    InputFile,
    history_of,
    report_of,
)
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
from dsa_hcal_assets.radio.conversion.plan import Plan, make_plan
from dsa_hcal_assets.radio.conversion.rows import MJD_ZERO, Written
from dsa_hcal_assets.radio.conversion.stopwatch import Stopwatch
from dsa_hcal_assets.radio.conversion.subtables import append_history, receptor_pairs, time_range
from dsa_hcal_assets.radio.ingest.errors import BadHeader
from dsa_hcal_assets.radio.ingest.uvh5 import hdf5_errors, read_header
from dsa_hcal_assets.radio.profiles.model import Profile, SpwLayout


def convert_through_pyuvdata(
    files: Sequence[Path],
    out: Path,
    profile: Profile,
    *,
    phase_centre: PhaseCentre | None = None,
    layout: SpwLayout | None = None,
) -> ConversionReport:
    """Write the subbands `files` as the Measurement Set `out` with pyuvdata; as `convert_group` otherwise."""
    if not files:
        raise PermanentError("no subband to convert")
    if out.exists():
        raise PermanentError(f"{out} exists", remedy="remove it or choose another name")
    watch = Stopwatch()
    with watch("hash"):
        checksums = {path: sha256_of(path) for path in files}
    with watch("headers"):
        headers = [read_header(path) for path in files]
    with watch("plan"):
        plan = make_plan(headers, profile, phase_centre=phase_centre, layout=layout, any_frame=True)
    inputs = tuple(
        InputFile(header.path.name, header.file_bytes, checksums[header.path], header.digest)
        for header in plan.headers
    )
    with warnings.catch_warnings():
        # drift scans and partial bands fail pyuvdata's acceptability checks by design
        warnings.simplefilter("ignore")
        with watch("import"):
            import pyuvdata  # noqa: F401  (loads the library; timed apart from the work)
        with watch("load"):
            whole = _load(plan)
            not_finite = _clean(whole)
        with watch("phase"), earth_orientation(np.unique(plan.reference.times_jd)):
            _phase(whole, plan, profile)
        with watch("write"):
            _name_as_casa_does(whole, plan, profile)
            _write(whole, out)
            _correct_weights(out, whole, plan)
            _correct_subtables(out, plan)
            if not profile.conversion.weight_spectrum:
                _remove_weight_spectrum(out)
            append_history(out, history_of(plan, inputs), time.time() / 86400 + UNIX_EPOCH_JD - MJD_ZERO)
    written = Written(
        rows=len(plan.rows) * len(plan.windows),
        flagged=int(np.count_nonzero(whole.flag_array)),
        values=whole.flag_array.size,
        not_finite=not_finite,
    )
    return report_of(plan, written, inputs, watch.seconds, writer="pyuvdata")


def _load(plan: Plan) -> Any:
    """Read and join the subbands in the plan's order of rows, windows and correlations."""
    from pyuvdata import UVData

    parts: list[Any] = []
    for number, header in enumerate(plan.headers):
        part: Any = UVData()
        with hdf5_errors(header.path):
            part.read(str(header.path), file_type="uvh5", run_check=False)
        part.reorder_freqs(channel_order="freq", run_check=False)
        window = number if len(plan.windows) > 1 else 0
        part.spw_array = np.array([window])
        part.flex_spw_id_array = np.full(part.Nfreqs, window)
        parts.append(part)
    whole, *others = parts
    if others:
        whole = whole.fast_concat(others, axis="freq", run_check=False)
    whole.uvw_array = whole.uvw_array.astype(np.float64)
    if len(plan.windows) == 1:
        _add_lost_channels(whole, plan)
    whole.reorder_pols(order=plan.correlations, run_check=False)
    return whole


def _add_lost_channels(whole: Any, plan: Plan) -> None:
    (window,) = plan.windows
    present = plan.present(window)
    shape = (whole.Nblts, len(present), whole.Npols)
    fills = {"data_array": 0, "flag_array": True, "nsample_array": 0}
    for name, empty in fills.items():
        values = getattr(whole, name)
        filled = np.full(shape, empty, values.dtype)
        filled[:, present] = values
        setattr(whole, name, filled)
    whole.freq_array, whole.channel_width = window.frequencies_hz, window.widths_hz
    whole.Nfreqs, whole.spw_array, whole.Nspws = len(present), np.array([0]), 1
    whole.flex_spw_id_array = np.zeros(len(present), np.int64)


def _clean(whole: Any) -> int:
    """Zero and flag what is no number; return how many visibilities were not finite."""
    wrong = ~np.isfinite(whole.data_array)
    weightless = ~(np.isfinite(whole.nsample_array) & (whole.nsample_array >= 0))
    whole.data_array[wrong] = 0
    whole.nsample_array[weightless] = 0
    whole.flag_array |= wrong | weightless
    return int(np.count_nonzero(wrong))


def _phase(whole: Any, plan: Plan, profile: Profile) -> None:
    """Phase each row to the plan's field of it; fields of the file that stay are left alone."""
    kind = plan.reference.phase_kind
    if kind == "drift" or (kind == "sidereal" and profile.conversion.uvw == "antennas"):
        # the file's float32 (u, v, w) would cost the phases their accuracy
        whole.set_uvws_from_antenna_positions(update_vis=False)
    if plan.fields == plan.reference.fields:
        return
    if kind == "sidereal":
        whole.set_uvws_from_antenna_positions(update_vis=False)
    for number, field in enumerate(plan.fields):
        whole.phase(
            lon=field.lon,
            lat=field.lat,
            epoch=field.epoch,
            phase_frame=field.frame,
            cat_name=field.name,
            use_ant_pos=True,
            select_mask=plan.phasing.field_rows == number,
        )


def _name_as_casa_does(whole: Any, plan: Plan, profile: Profile) -> None:
    """Order rows by time; name telescope, observer and mounts as the direct writer does."""
    if np.any(np.diff(plan.rows) != 1):
        whole.reorder_blts(order=plan.rows, run_check=False)
    telescope, header = whole.telescope, plan.reference
    whole.extra_keywords["OBSERVER"] = header.observer or header.telescope_name
    telescope.name = profile.casa_name
    telescope.mount_type = [profile.mount] * len(telescope.antenna_numbers)
    diameters = telescope.antenna_diameters
    known = np.zeros(len(telescope.antenna_numbers)) if diameters is None else diameters
    telescope.antenna_diameters = np.where(known > 0, known, profile.dish_diameter_m)


def _write(whole: Any, out: Path) -> None:
    try:
        whole.write_ms(str(out), run_check=False)
    except ValueError as error:
        raise BadHeader(
            f"pyuvdata cannot write {out.name}",
            found=str(error),
            remedy="give a phase centre, or correct what the header says",
        ) from error


def _correct_weights(out: Path, whole: Any, plan: Plan) -> None:
    """Write WEIGHT from the channels that are there, and SIGMA 0 where it is 0.

    pyuvdata 3.2 counts the empty channels of lost subbands, and leaves SIGMA of weightless rows to
    whatever the memory held.
    """
    from casacore import tables

    with tables.table(str(out), readonly=False, ack=False) as main:
        weights = main.getcol("WEIGHT")
        if len(plan.windows) == 1:
            weights = np.median(whole.nsample_array[:, plan.present(plan.windows[0])], axis=1)
            main.putcol("WEIGHT", weights)
        sigma = np.zeros_like(weights)
        np.power(weights, -0.5, out=sigma, where=weights > 0)
        main.putcol("SIGMA", sigma)


def _correct_subtables(out: Path, plan: Plan) -> None:
    """Say when it was observed, and pair receptors in the order of the FEED table (3.2: L before R)."""
    from casacore import tables

    with tables.table(str(out / "OBSERVATION"), readonly=False, ack=False) as table:
        table.putcell("TIME_RANGE", 0, time_range(plan.reference))
    with tables.table(str(out / "POLARIZATION"), readonly=False, ack=False) as table:
        table.putcell("CORR_PRODUCT", 0, receptor_pairs(plan))


def _remove_weight_spectrum(out: Path) -> None:
    from casacore import tables

    with tables.table(str(out), readonly=False, ack=False) as main:
        main.removecols("WEIGHT_SPECTRUM")
