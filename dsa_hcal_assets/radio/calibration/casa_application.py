"""Apply a calibration set with CASA: several calibrators, each target with the gains beside it."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.calibration.description import CalibrationTable, SetDescription
from dsa_hcal_assets.radio.calibration.fields import Field, fields_with_data
from dsa_hcal_assets.radio.calibration.tally import Tally
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.flagging.steps import zeros
from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY, Window, windows
from dsa_hcal_assets.radio.flagging.working_copy import working_copy


def write_calibrated(
    ms: Path,
    flags: FlagSet,
    calibration: Path,
    described: SetDescription,
    tables: Sequence[CalibrationTable],
    average: int,
    target: Path,
    scratch: Path,
) -> list[Tally]:
    """Calibrate a working copy of `ms` below `scratch` and split the corrected data off as `target`.

    Parameters
    ----------
    average
        Channels of an average.
    """
    with working_copy(ms, scratch) as work:
        flags.apply_to(work)
        _applycal(work, calibration, described, tables)
        tallies = [
            _tally(raw, corrected)
            for raw, corrected in zip(windows(work), windows(work, "CORRECTED_DATA"), strict=True)
        ]
        _split(work, target, average)
    return tallies


def _applycal(
    work: Path, calibration: Path, described: SetDescription, tables: Sequence[CalibrationTable]
) -> None:
    import casatasks

    spectral_windows = _count_windows(work)
    fields = fields_with_data(work)
    calibrators = _calibrator_ids(calibration, described)
    for field in fields:
        casatasks.applycal(
            vis=str(work),
            field=str(field.number),
            gaintable=[str(calibration / one.file) for one in tables],
            gainfield=[_solution_field(one, field, described, calibrators) for one in tables],
            interp=[one.interpolation for one in tables],
            spwmap=[[0] * spectral_windows if one.combined_windows else [] for one in tables],
            calwt=True,
            applymode="calflag",
            flagbackup=False,
            parang=False,
        )


def _solution_field(
    one: CalibrationTable, field: Field, described: SetDescription, calibrators: dict[str, int]
) -> str:
    """Return which field's gains a field takes: calibrators their own, targets the secondary ones'."""
    if one.kind != "gain" or not described.gain_fields:
        return ""
    if field.name in calibrators:
        return str(calibrators[field.name])
    return ",".join(str(calibrators[name]) for name in described.gain_fields)


def _calibrator_ids(calibration: Path, described: SetDescription) -> dict[str, int]:
    """Return field ids of the calibrators as the caltables know them, by name."""
    from casacore.tables import table

    with table(str(calibration / described.tables[0].file / "FIELD"), **READ_ONLY) as fields:
        names = [str(name) for name in fields.getcol("NAME")]
    return {name: names.index(name) for name in (*described.bandpass_fields, *described.gain_fields)}


def _split(work: Path, target: Path, average: int) -> None:
    import casatasks

    if target.exists():  # a former attempt in the same staging directory
        shutil.rmtree(target)
    casatasks.split(
        vis=str(work), outputvis=str(target), datacolumn="corrected", width=average, keepflags=True
    )
    if not (target / "table.dat").is_file():
        raise BadInput(f"CASA wrote no calibrated set {target.name}", remedy="read the worker's log")


def _tally(raw: Window, corrected: Window) -> Tally:
    use = ~corrected.flag & corrected.cross[:, None, None]
    ratio = np.abs(corrected.data[use]) / np.maximum(np.abs(raw.data[use]), 1e-30)
    return Tally(
        description=raw.description,
        channels=raw.frequency_hz.size,
        rows=raw.rows,
        empty=np.asarray(zeros(raw).all(axis=1)),
        flagged=corrected.flag.sum(axis=1, dtype=np.int32),
        zero=((corrected.data == 0) & ~corrected.flag).sum(axis=1, dtype=np.int32),
        real_sum=np.where(corrected.flag, 0, corrected.data.real).sum(axis=1, dtype=np.float64),
        factor=float(np.median(ratio)) if ratio.size else np.nan,
    )


def _count_windows(ms: Path) -> int:
    from casacore.tables import table

    with table(str(ms / "SPECTRAL_WINDOW"), **READ_ONLY) as spectral:
        return int(spectral.nrows())
