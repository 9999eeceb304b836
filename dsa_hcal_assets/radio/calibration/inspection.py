"""Sets that were made elsewhere: whether they are readable, complete, and of the time they say."""

from datetime import timedelta
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.calibration import solution_metrics
from dsa_hcal_assets.radio.calibration.description import SetDescription, TableKind
from dsa_hcal_assets.radio.calibration.matching import transit_after
from dsa_hcal_assets.radio.calibration.reference import Antenna
from dsa_hcal_assets.radio.calibration.solutions import Solutions, read_solutions
from dsa_hcal_assets.radio.calibration.standards import Calibrator
from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY, antenna_names
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.radio.profiles.stations import read_stations

# A calibrator is on the meridian while its group is observed; a clock that is off by more is wrong.
TRANSIT_MARGIN = timedelta(minutes=5)
DELAY_TABLE = "delay.cal"


class ClockDoubted(BadInput):
    """A set's calibrator was not on the meridian when the set says it was observed."""


def inspect(calibration: str) -> dict[str, Any]:
    """Read all tables of a set and measure them; a worker's function: JSON out.

    Parameters
    ----------
    calibration
        Directory with ``set.json`` and caltables.

    Returns
    -------
    dict
        ``metrics`` of stage ``calibration_tables``: [{name, value, detail}].

    Raises
    ------
    BadInput
        If the description or a table is missing or cannot be read.
    """
    directory = Path(calibration)
    described = SetDescription.load(directory)
    tables: dict[TableKind, Path] = {one.kind: directory / one.file for one in described.tables}
    if (directory / DELAY_TABLE).is_dir():
        # a diagnostic, which no set lists unless it was applied
        tables.setdefault("delay", directory / DELAY_TABLE)
    for kind in ("bandpass", "gain"):
        if kind not in tables:
            raise BadInput(f"calibration set {directory} has no {kind} table", found=", ".join(tables))
    antennas = _solved_antennas(tables["bandpass"], read_solutions(tables["bandpass"]))
    return {"metrics": solution_metrics.measure(tables, antennas, (), described.amplitude_factor)}


def require_transit(described: SetDescription, profile: Profile) -> None:
    """See that a drift scan's calibrator crossed the meridian within the set's own observation.

    Raises
    ------
    ClockDoubted
        If it did not; says by how much the times are off.
    """
    if profile.calibration.selection != "transit" or profile.stations is None:
        return
    if not described.flux_densities:
        raise BadInput(
            f"the set of {described.group} does not say where its calibrator {described.calibrator} is",
            expected="its position in flux_densities of set.json",
        )
    place = described.flux_densities[0]
    source = Calibrator(described.calibrator, (), place.ra_deg, place.dec_deg, (0.0,))
    longitude = fmean(one.longitude_deg for one in read_stations(profile.stations).values())
    middle = described.start + (described.end - described.start) / 2
    transit, _ = transit_after(source, middle - timedelta(hours=12), longitude)
    if not described.start - TRANSIT_MARGIN <= transit <= described.end + TRANSIT_MARGIN:
        off = (middle - transit).total_seconds() / 3600
        raise ClockDoubted(
            f"{described.calibrator} was not on the meridian when the set of {described.group} was observed",
            expected=f"its transit at {transit:%Y-%m-%d %H:%M:%S} within the observation",
            found=f"{described.start:%Y-%m-%d %H:%M:%S} to {described.end:%H:%M:%S}, {off:+.2f} h off",
            kept="nothing was registered",
            remedy="mend the times (set.json and TIME of the tables), or the calibrator's position",
        )


def _solved_antennas(table_path: Path, windows: list[Solutions]) -> list[Antenna]:
    """Return the antennas that have a solution; which had data, a set made elsewhere does not tell."""
    from casacore.tables import table

    names = antenna_names(table_path)
    with table(str(table_path / "ANTENNA"), **READ_ONLY) as antennas:
        positions = antennas.getcol("POSITION")
    numbers = np.unique(np.concatenate([one.antenna[~one.flag.all(axis=(1, 2))] for one in windows]))
    return [Antenna(int(n), names[n], tuple(positions[n]), 1.0) for n in numbers]
