"""Antennas of DSA-110: which slots are equipped, and a smaller array with the same shape."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.profiles.stations import Station

# slots without working antenna (DSA-110 operations; 96 of 117 are left)
INACTIVE = frozenset({10, 21, 22, 23, *range(52, 68), 117})
FIRST_OUTRIGGER = 103
# share of outriggers kept in a small array: the full one has 14 of 96
OUTRIGGER_SHARE = 0.16


def choose_antennas(stations: Mapping[int, Station], count: int) -> list[int]:
    """Return `count` active station numbers, ascending, core and outriggers in proportion.

    Raises
    ------
    ConfigurationError
        If `count` is below 4 or above the number of active stations.
    """
    active = sorted(number for number in stations if number not in INACTIVE)
    if not 4 <= count <= len(active):
        raise ConfigurationError(f"{count} antennas cannot be simulated", expected=f"4 to {len(active)}")
    outriggers = [number for number in active if number >= FIRST_OUTRIGGER]
    core = [number for number in active if number < FIRST_OUTRIGGER]
    far = min(len(outriggers), max(2, round(count * OUTRIGGER_SHARE)))
    far = max(far, count - len(core))
    return sorted(_spread(core, count - far) + _spread(outriggers, far))


def relative_positions(
    stations: Mapping[int, Station], numbers: list[int], centre_m: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return ITRF positions minus `centre_m`, shape (len(numbers), 3), m."""
    return np.stack([stations[number].itrf_m for number in numbers]) - centre_m


def _spread(numbers: list[int], count: int) -> list[int]:
    picks = np.linspace(0, len(numbers) - 1, count).round().astype(int)
    return [numbers[i] for i in picks]
