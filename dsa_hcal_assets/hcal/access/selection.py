"""Choosing towers by what people call them."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsa_hcal_assets.errors import PermanentError
from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter
from dsa_hcal_assets.hcal.emcal import geometry as emcal
from dsa_hcal_assets.hcal.mapping import geometry

TowerIds = NDArray[np.int16]


class NoTowers(PermanentError):
    """A selection that no tower fits."""


def towers(
    detector: str | Calorimeter,
    *,
    sector: ArrayLike | None = None,
    half: Literal["N", "S"] | None = None,
    ieta: ArrayLike | None = None,
    iphi: ArrayLike | None = None,
    towerid: ArrayLike | None = None,
) -> TowerIds:
    """Return the `tower_id` of all towers of a detector that fit every criterion, ascending.

    Parameters
    ----------
    detector
        OHCal, IHCal or EMCal.
    sector
        Number or numbers within the detector (HCal 0-31, EMCal 0-63).
    half
        N: the half with the greater eta.
    ieta, iphi, towerid
        Numbers wanted, such as ``range(12, 16)``.

    Raises
    ------
    NoTowers
        If none fits, or the detector is not known.
    """
    try:
        calorimeter = Calorimeter.named(detector) if isinstance(detector, str) else Calorimeter(detector)
    except (KeyError, ValueError) as error:
        raise NoTowers(
            f"no such detector: {detector}", expected=", ".join(one.label for one in Calorimeter)
        ) from error
    whole = emcal.towers() if calorimeter is Calorimeter.EMCAL else geometry.towers()
    first = 0 if calorimeter is Calorimeter.EMCAL else calorimeter.first_tower_id
    own = slice(first, first + calorimeter.towers)
    columns = {name: getattr(whole, name)[own] for name in ("sector", "ieta", "iphi", "towerid")}
    wanted = {"sector": sector, "ieta": ieta, "iphi": iphi, "towerid": towerid}
    fits = np.ones(calorimeter.towers, dtype=bool)
    for name, numbers in wanted.items():
        if numbers is not None:
            fits &= np.isin(columns[name], np.atleast_1d(np.asarray(numbers)))
    if half is not None:
        middle = (columns["ieta"].max() + 1) // 2
        fits &= (columns["ieta"] >= middle) == (half == "N")
    if not fits.any():
        asked = {name: numbers for name, numbers in (wanted | {"half": half}).items() if numbers is not None}
        raise NoTowers(f"no tower of {calorimeter.label} fits {asked}", remedy="look at hcal.tower")
    found: TowerIds = whole.tower_id[own][fits]
    return found
