"""The antenna all phases are referred to."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY, antenna_names

# a candidate must keep at least this share of what the healthiest antenna keeps
HEALTHY = 0.9


@dataclass(frozen=True)
class Antenna:
    """An antenna with data: id, name, position (m, any Cartesian frame), share of unflagged data."""

    number: int
    name: str
    position: tuple[float, float, float]
    good: float


def antennas_with_data(ms: Path, flags: FlagSet, fields: Sequence[int]) -> list[Antenna]:
    """Return the antennas whose cross-correlations on the given fields `flags` leaves some of."""
    from casacore.tables import table

    names = antenna_names(ms)
    with table(str(ms / "ANTENNA"), **READ_ONLY) as antennas:
        positions = antennas.getcol("POSITION")
    with table(str(ms), **READ_ONLY) as main:
        field, first, second, description = (
            main.getcol(column) for column in ("FIELD_ID", "ANTENNA1", "ANTENNA2", "DATA_DESC_ID")
        )
    unflagged = np.zeros(field.size)
    for number, mask in flags.masks.items():
        unflagged[description == number] = 1.0 - mask.mean(axis=(1, 2))
    rows = np.isin(field, fields) & (first != second)
    good, total = np.zeros(len(names)), np.zeros(len(names))
    for side in (first[rows], second[rows]):
        good += np.bincount(side, weights=unflagged[rows], minlength=len(names))
        total += np.bincount(side, minlength=len(names))
    share = np.divide(good, total, out=np.zeros_like(good), where=total > 0)
    return [
        Antenna(int(number), names[number], tuple(positions[number]), float(share[number]))
        for number in np.flatnonzero(good > 0)
    ]


def choose_reference(antennas: Sequence[Antenna], preference: Sequence[str] = ()) -> Antenna:
    """Return the first healthy antenna of the profile's order, else the most central healthy one.

    Healthy: keeps at least 90 % of what the least flagged antenna keeps. A preference names an
    antenna as the Measurement Set does, or by its station number.

    Raises
    ------
    BadInput
        If no antenna has unflagged data.
    """
    if not antennas:
        raise BadInput(
            "no antenna has unflagged data on the calibrator", remedy="look at the flags of the group"
        )
    best = max(antenna.good for antenna in antennas)
    healthy = [antenna for antenna in antennas if antenna.good >= HEALTHY * best]
    for wanted in preference:
        for antenna in healthy:
            if antenna.name == wanted or _station_number(antenna.name) == wanted:
                return antenna
    centre = np.median([antenna.position for antenna in healthy], axis=0)
    return min(healthy, key=lambda antenna: float(np.linalg.norm(np.array(antenna.position) - centre)))


def _station_number(name: str) -> str:
    found = re.fullmatch(r"\D*?0*(\d+)", name)
    return found[1] if found else name
