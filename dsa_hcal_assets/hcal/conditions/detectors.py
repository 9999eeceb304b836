"""The three calorimeters as reconstruction numbers them, and the towers each consists of.

`mapping.geometry.Detector` is about the channel maps and knows the two hadronic ones only.
"""

from enum import IntEnum

from dsa_hcal_assets.hcal.mapping.geometry import (
    EMCAL_FIRST_TOWER_ID,
    EMCAL_TOWERS,
    TOWERS_PER_DETECTOR,
)


class Calorimeter(IntEnum):
    """A detector that has conditions of its own."""

    OHCAL = 0
    IHCAL = 1
    EMCAL = 2

    @property
    def label(self) -> str:
        """Name for people, and in names of files: OHCal, IHCal, EMCal."""
        return ("OHCal", "IHCal", "EMCal")[self]

    @property
    def first_tower_id(self) -> int:
        """Lowest `tower_id`; those of a detector follow each other without gaps."""
        return (0, TOWERS_PER_DETECTOR, EMCAL_FIRST_TOWER_ID)[self]

    @property
    def towers(self) -> int:
        """How many towers it has."""
        return (TOWERS_PER_DETECTOR, TOWERS_PER_DETECTOR, EMCAL_TOWERS)[self]

    @classmethod
    def named(cls, label: str) -> "Calorimeter":
        """Return the detector of a `label`, in any case."""
        return cls[label.upper()]
