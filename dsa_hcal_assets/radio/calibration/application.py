"""Apply a calibration set to a group: the averaged, calibrated imaging set, and whether it is sane."""

from pathlib import Path
from typing import Any

import numpy as np

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.calibration import application_metrics, casa_application, streamed_application
from dsa_hcal_assets.radio.calibration.description import SetDescription
from dsa_hcal_assets.radio.calibration.fields import span
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY
from dsa_hcal_assets.radio.profiles.model import Profile

CALIBRATED = "calibrated.ms"


class NoTableHolds(BadInput):
    """A calibration set has no bandpass that holds at the time of the data."""


def apply_set(
    ms: Path,
    flags: FlagSet,
    calibration: Path,
    telescope: Profile,
    out_dir: Path,
    scratch: Path,
    *,
    beyond_validity: bool = False,
) -> dict[str, Any]:
    """Write `ms` calibrated and averaged, and measure the result.

    Of the set only the tables that hold at the group's mid-time are applied: gains last hours, the
    bandpass a day, short gains the group they were solved on. With `beyond_validity` an older bandpass
    is applied too; how old is among the metrics.

    Raises
    ------
    NoTableHolds
        If no bandpass of the set holds then.
    """
    described = SetDescription.load(calibration)
    when = span(ms)
    tables = described.tables_at(when.middle, beyond=beyond_validity)
    if not any(one.kind == "bandpass" for one in tables):
        raise NoTableHolds(
            f"calibration set of {described.group} does not hold at {when.middle:%Y-%m-%d %H:%M:%S}",
            expected=f"a bandpass valid then (the set was solved at {described.centre:%Y-%m-%d %H:%M:%S})",
            remedy="ask the registry for the set that holds at this time",
        )
    out_dir.mkdir(parents=True, exist_ok=True)
    target = out_dir / CALIBRATED
    average = _channels_to_average(ms, telescope.calibration.average_bandwidth_hz)
    if _streams(described, telescope):
        tallies = streamed_application.write_calibrated(ms, flags, calibration, tables, average, target)
    else:
        tallies = casa_application.write_calibrated(
            ms, flags, calibration, described, tables, average, target, scratch
        )
    return {
        "ms": str(target),
        "tables": [one.kind for one in tables],
        "metrics": application_metrics.measure(ms, tallies, described)
        + application_metrics.age(described, when.middle),
        "figures": [],
    }


def _streams(described: SetDescription, telescope: Profile) -> bool:
    """Tell whether one calibrator's gains go to all fields: then one pass does it all, without CASA."""
    one_calibrator = len(described.bandpass_fields) == 1 and not described.gain_fields
    return one_calibrator and telescope.calibration.solver != "casa"


def _channels_to_average(ms: Path, bandwidth_hz: float) -> int:
    """Return how many channels fit into a bandwidth, at least 1 and at most a whole window."""
    from casacore.tables import table

    with table(str(ms / "SPECTRAL_WINDOW"), **READ_ONLY) as spectral:
        width = float(np.abs(spectral.getcell("CHAN_WIDTH", 0)).max())
        channels = int(spectral.getcell("NUM_CHAN", 0))
    return min(max(int(bandwidth_hz / width * 1.0001), 1), channels)
