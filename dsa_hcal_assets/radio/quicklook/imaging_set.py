"""The averaged, calibrated set of a group, straight from its subbands."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.calibration.application import NoTableHolds
from dsa_hcal_assets.radio.calibration.description import CalibrationTable, SetDescription
from dsa_hcal_assets.radio.calibration.fields import MJD_EPOCH
from dsa_hcal_assets.radio.calibration.gain_curves import read_curves
from dsa_hcal_assets.radio.calibration.tally import Tally
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
from dsa_hcal_assets.radio.conversion.plan import Plan, make_plan
from dsa_hcal_assets.radio.conversion.rows import DAY, mjd_seconds, write_rows
from dsa_hcal_assets.radio.conversion.schema import create_main_table
from dsa_hcal_assets.radio.conversion.stopwatch import Stopwatch
from dsa_hcal_assets.radio.conversion.subtables import HistoryEntry, write_subtables
from dsa_hcal_assets.radio.ingest.uvh5 import read_header
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.radio.quicklook.calibrated_reader import CalibratedReader, averaged_plan

# A quick look may lose what the science path must not: at 1 deg from the centre 0.7 - 1.8 % of a flux
# density with averages of 2 MHz, against 0.2 - 0.5 % with half of it.
COARSER_THAN_SCIENCE = 2


class NotQuick(BadInput):
    """A group that one pass cannot calibrate."""


@dataclass(frozen=True)
class ImagingSet:
    """What was written: rows as planned, windows averaged.

    `read_at` and `written_at` are of the monotonic clock, s.
    """

    plan: Plan
    described: SetDescription
    tables: tuple[str, ...]
    tallies: list[Tally]
    average: int
    read_at: float
    written_at: float


def write_imaging_set(
    files: Sequence[Path],
    profile: Profile,
    calibration_set: Path,
    target: Path,
    phase_centre: PhaseCentre | None,
    watch: Stopwatch,
    *,
    beyond_validity: bool = False,
) -> ImagingSet:
    """Read subbands once; write them flagged lightly, calibrated and averaged as Measurement Set `target`.

    With `beyond_validity` the bandpass of a set older than its range is applied too.

    Raises
    ------
    NotQuick
        If the set was solved on several calibrators: their gains need CASA.
    NoTableHolds
        If no bandpass of the set holds at the time of the data.
    PlatformError
        For subbands that cannot be converted, see `convert_group`.
    """
    described = SetDescription.load(calibration_set)
    if len(described.bandpass_fields) != 1 or described.gain_fields:
        raise NotQuick(
            f"calibration set of {described.group} has several calibrators",
            expected="one calibrator whose gains go to all fields",
            found=", ".join((*described.bandpass_fields, *described.gain_fields)),
        )
    with watch("headers"):
        headers = [read_header(path) for path in files]
    with watch("plan"):
        plan = make_plan(headers, profile, phase_centre=phase_centre)
    tables = _tables_that_hold(described, middle_of(plan), beyond=beyond_validity)
    with watch("gains"):
        times = np.unique(plan.reference.times_jd)
        curves = [
            read_curves(
                calibration_set,
                tables,
                window=number,
                antennas=int(plan.reference.antenna_numbers.max()) + 1,
                frequency_hz=window.frequencies_hz,
                times=mjd_seconds(times),
            )
            for number, window in enumerate(plan.windows)
        ]
    average = _channels_to_average(plan, profile)
    coarse = averaged_plan(plan, average)
    with CalibratedReader(plan, curves, average, profile.flagging.mad_sigma, watch) as reader:
        channels = max(len(window.frequencies_hz) for window in coarse.windows)
        rows = len(plan.rows) * len(plan.windows)
        table = create_main_table(target, channels, len(plan.correlations), rows, weight_spectrum=True)
        try:
            write_rows(table, reader, lambda _: None, watch)
        finally:
            table.close()
    history = HistoryEntry(f"quick look, calibrated with the set of {described.group}")
    write_subtables(target, coarse, profile, [history], time.time() / DAY + 40587.0)
    return ImagingSet(
        coarse,
        described,
        tuple(one.kind for one in tables),
        reader.tallies,
        average,
        reader.read_at,
        time.monotonic(),
    )


def middle_of(plan: Plan) -> datetime:
    """Return the middle of a group's time, UTC."""
    seconds = mjd_seconds(plan.reference.times_jd)
    return MJD_EPOCH + timedelta(seconds=float(seconds.min() + seconds.max()) / 2)


def _tables_that_hold(described: SetDescription, middle: datetime, *, beyond: bool) -> list[CalibrationTable]:
    tables = described.tables_at(middle, beyond=beyond)
    if not any(one.kind == "bandpass" for one in tables):
        raise NoTableHolds(
            f"calibration set of {described.group} does not hold at {middle:%Y-%m-%d %H:%M:%S}",
            expected=f"a bandpass valid then (the set was solved at {described.centre:%Y-%m-%d %H:%M:%S})",
            remedy="ask the registry for the set that holds at this time",
        )
    return tables


def _channels_to_average(plan: Plan, profile: Profile) -> int:
    window = plan.windows[0]
    wanted = COARSER_THAN_SCIENCE * profile.calibration.average_bandwidth_hz
    fitting = int(wanted / float(window.widths_hz.max()) * 1.0001)
    return min(max(fitting, 1), len(window.widths_hz))
