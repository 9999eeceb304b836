"""Apply a calibration set to a group: the averaged, calibrated imaging set, and whether it is sane."""

import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.calibration.description import CalibrationTable, SetDescription
from dsa_hcal_assets.radio.calibration.fields import Field, fields_with_data, span
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.flagging.statistics import working
from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY, Window, windows
from dsa_hcal_assets.radio.flagging.working_copy import working_copy
from dsa_hcal_assets.radio.profiles.model import Profile

CALIBRATED = "calibrated.ms"


class NoTableHolds(BadInput):
    """A calibration set has no bandpass that holds at the time of the data."""


def apply_set(
    ms: Path, flags: FlagSet, calibration: Path, telescope: Profile, out_dir: Path, scratch: Path
) -> dict[str, Any]:
    """Calibrate a working copy of `ms`, split the corrected data off, and measure the result.

    Of the set only the tables that hold at the group's mid-time are applied: gains last hours, the
    bandpass a day, short gains the group they were solved on.

    Raises
    ------
    NoTableHolds
        If no bandpass of the set holds then.
    """
    described = SetDescription.load(calibration)
    when = span(ms)
    tables = described.tables_at(when.middle)
    if not any(one.kind == "bandpass" for one in tables):
        raise NoTableHolds(
            f"calibration set of {described.group} does not hold at {when.middle:%Y-%m-%d %H:%M:%S}",
            expected=f"a bandpass valid then (the set was solved at {described.centre:%Y-%m-%d %H:%M:%S})",
            remedy="ask the registry for the set that holds at this time",
        )
    out_dir.mkdir(parents=True, exist_ok=True)
    target = out_dir / CALIBRATED
    with working_copy(ms, scratch) as work:
        flags.apply_to(work)
        _applycal(work, calibration, described, tables)
        metrics = _measure(work, described, fields_with_data(ms))
        _split(work, target, _channels_to_average(work, telescope.calibration.average_bandwidth_hz))
    return {
        "ms": str(target),
        "tables": [one.kind for one in tables],
        "staleness_hours": _hours_outside(described, when.middle),
        "metrics": metrics,
        "figures": [],
    }


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


def _channels_to_average(ms: Path, bandwidth_hz: float) -> int:
    """Return how many channels fit into a bandwidth, at least 1 and at most a whole window."""
    from casacore.tables import table

    with table(str(ms / "SPECTRAL_WINDOW"), **READ_ONLY) as spectral:
        width = float(np.abs(spectral.getcell("CHAN_WIDTH", 0)).max())
        channels = int(spectral.getcell("NUM_CHAN", 0))
    return min(max(int(bandwidth_hz / width * 1.0001), 1), channels)


def _measure(work: Path, described: SetDescription, fields: Sequence[Field]) -> list[dict[str, Any]]:
    flagged = counted = 0.0
    zero = good = 0.0
    ratios: list[tuple[float, str]] = []
    factors: list[float] = []
    for raw, corrected in zip(windows(work), windows(work, "CORRECTED_DATA"), strict=True):
        weight = working(raw)
        flagged += float((corrected.flag & weight).sum())
        counted += float(weight.sum())
        use = weight & ~corrected.flag
        zero += float((use & (corrected.data == 0)).sum())
        good += float(use.sum())
        ratios += _calibrator_ratios(corrected, use, described, fields)
        factors.append(_factor(raw, corrected, use))
    if not ratios:
        expected = described.amplitude_factor
        ratios = [(value / expected, "amplitude factor against that of the set") for value in factors]
    worst, what = max(ratios, key=lambda one: abs(np.log(one[0])) if one[0] > 0 else np.inf)
    return [
        {
            "name": "flagged_fraction",
            "value": flagged / counted if counted else float("nan"),
            "detail": "cross-correlations of working receptors",
        },
        {
            "name": "zero_fraction",
            "value": zero / good if good else 1.0,
            "detail": "exact zeros among unflagged corrected data",
        },
        {"name": "amplitude_ratio", "value": float(worst), "detail": what},
    ]


def _calibrator_ratios(
    window: Window, use: NDArray[np.bool_], described: SetDescription, fields: Sequence[Field]
) -> list[tuple[float, str]]:
    """Return mean corrected visibility over known flux density of each calibrator in the window.

    A calibrator is a point source at the phase centre: its mean visibility is real and equals its
    flux density, whatever else is in the beam averages out.
    """
    found = []
    for flux in described.flux_densities:
        mine = [field for field in fields if field.name == flux.field and _same_group(window, described)]
        rows = np.isin(window.field, [field.number for field in mine])
        chosen = use & rows[:, None, None]
        if chosen.any():
            mean = float(window.data.real[chosen].mean(dtype=np.float64))
            found.append((mean / flux.apparent_jy, f"corrected over known flux density on {flux.field}"))
    return found


def _same_group(window: Window, described: SetDescription) -> bool:
    seconds = (described.centre - datetime(1858, 11, 17, tzinfo=described.centre.tzinfo)).total_seconds()
    half = (described.end - described.start).total_seconds() / 2 + 60.0  # TAI-labelled tables run ahead
    return bool(abs(float(window.time.min() + window.time.max()) / 2 - seconds) <= half)


def _factor(raw: Window, corrected: Window, use: NDArray[np.bool_]) -> float:
    if not use.any():
        return float("nan")
    ratio = np.abs(corrected.data[use]) / np.maximum(np.abs(raw.data[use]), 1e-30)
    return float(np.median(ratio))


def _hours_outside(described: SetDescription, moment: datetime) -> float:
    """Return how far the data are from the observation the set was solved on, h; 0 inside it."""
    if described.start <= moment <= described.end:
        return 0.0
    nearest = min(abs((moment - edge).total_seconds()) for edge in (described.start, described.end))
    return nearest / 3600.0


def _count_windows(ms: Path) -> int:
    from casacore.tables import table

    with table(str(ms / "SPECTRAL_WINDOW"), **READ_ONLY) as spectral:
        return int(spectral.nrows())
