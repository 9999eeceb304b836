"""Where an anomaly is: towers, half-sectors, detectors, controllers, by name and by number."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.geometry import Detector


@dataclass(frozen=True)
class Place:
    """One place: its name for people, and the numbers that apply."""

    name: str
    detector: int | None = None
    half_sector: int | None = None
    tower_id: int | None = None
    board: str | None = None


@cache
def towers() -> tuple[Place, ...]:
    """Return the 3072 towers in order of `tower_id`."""
    identities = geometry.towers()
    return tuple(
        Place(geometry.tower_name(tower), detector, half_sector, tower)
        for tower, (detector, half_sector) in enumerate(
            zip(identities.detector.tolist(), identities.half_sector.tolist(), strict=True)
        )
    )


@cache
def half_sectors() -> tuple[Place, ...]:
    """Return the 128 half-sectors in order."""
    of_a_detector = geometry.HALF_SECTORS // len(Detector)
    return tuple(
        Place(geometry.half_sector_label(number), number // of_a_detector, number)
        for number in range(geometry.HALF_SECTORS)
    )


@cache
def detectors() -> tuple[Place, ...]:
    """Return the two detectors."""
    return tuple(Place(detector.label, int(detector)) for detector in Detector)


def controllers(boards: Sequence[str]) -> tuple[Place, ...]:
    """Return the controllers of that names."""
    return tuple(Place(f"board {board}", board=board) for board in boards)
