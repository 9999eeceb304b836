"""Where each detector's readings are: table, cycles, and the quantities that can be asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from dsa_hcal_assets.errors import PermanentError
from dsa_hcal_assets.hcal.access.selection import NoTowers, TowerIds
from dsa_hcal_assets.hcal.mapping.geometry import EMCAL_FIRST_TOWER_ID, EMCAL_TOWERS
from dsa_hcal_assets.hcal.towers.tower_rows import REALS


class NoQuantity(PermanentError):
    """A quantity that the towers do not have."""


@dataclass(frozen=True)
class Telemetry:
    """Readings of one kind of boards: `cycles` is a table of their times, all or those of a source."""

    table: str
    cycles: str
    quantities: tuple[str, ...]
    first: int
    end: int


HCAL = Telemetry("tower_reading", "select cycle from hcal.snapshot", REALS, 0, EMCAL_FIRST_TOWER_ID)
EMCAL = Telemetry(
    "emcal_reading",
    "select cycle from hcal.source_snapshot where source = 'emcal'",
    ("temperature_sipm", "temperature_preamp", "bias", "leakage"),
    EMCAL_FIRST_TOWER_ID,
    EMCAL_FIRST_TOWER_ID + EMCAL_TOWERS,
)


def telemetry_of(quantity: str, towers: ArrayLike) -> tuple[Telemetry, TowerIds]:
    """Return where a quantity of towers is, and the towers, ascending and each once.

    Raises
    ------
    NoTowers
        If there is none, one is outside the detector, or HCal and EMCal are mixed.
    NoQuantity
        If these towers have no such quantity.
    """
    numbers = np.unique(np.asarray(towers, dtype=np.int64))
    for one in (HCAL, EMCAL):
        if numbers.size and one.first <= numbers[0] and numbers[-1] < one.end:
            if quantity not in one.quantities:
                raise NoQuantity(
                    f"these towers have no {quantity!r}", expected=", ".join(one.quantities), found=quantity
                )
            return one, numbers.astype(np.int16)
    raise NoTowers(
        "these are no towers of one kind of boards",
        expected="0-3071 (HCal) or 3072-27647 (EMCal), at least one",
        found=_shown(numbers.tolist()),
    )


def _shown(numbers: Sequence[int]) -> str:
    return f"{numbers[0]} to {numbers[-1]}" if numbers else "none"
