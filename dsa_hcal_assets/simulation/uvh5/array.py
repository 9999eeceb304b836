"""Antennas of DSA-110: which slots are equipped, and a smaller array with the same shape."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.profiles.model import StationFile
from dsa_hcal_assets.radio.profiles.stations import Station, read_stations
from dsa_hcal_assets.simulation.uvh5.draws import Purpose, stream

# slots without working antenna (DSA-110 operations; 96 of 117 are left)
INACTIVE = frozenset({10, 21, 22, 23, *range(52, 68), 117})
FIRST_OUTRIGGER = 103
# share of outriggers kept in a small array: the full one has 14 of 96
OUTRIGGER_SHARE = 0.16
FEWEST = 4


@dataclass(frozen=True)
class Array:
    """The antennas that are simulated, in the order of their slots.

    `used` are slot numbers; header numbers are these plus `number_offset`. `first` and `second` are
    positions in `used` of each baseline's antennas, autocorrelations included.
    """

    stations: Mapping[int, Station]
    used: tuple[int, ...]
    dead: tuple[int, ...]
    number_offset: int

    @classmethod
    def choose(cls, table: StationFile, count: int, dead: int, seed: int) -> "Array":
        """Choose `count` antennas, `dead` of them without signal.

        Raises
        ------
        ConfigurationError
            If there are not so many stations.
        """
        stations = read_stations(table)
        used = choose_antennas(stations, count)
        silent = stream(seed, Purpose.DEAD_ANTENNAS).choice(used, dead, replace=False)
        return cls(stations, tuple(used), tuple(sorted(silent.tolist())), table.antenna_number_offset)

    @property
    def first(self) -> NDArray[np.intp]:
        """First antenna of each baseline, shape (baselines,)."""
        return np.triu_indices(len(self.used))[0]

    @property
    def second(self) -> NDArray[np.intp]:
        """Second antenna of each baseline, shape (baselines,)."""
        return np.triu_indices(len(self.used))[1]

    @property
    def silent(self) -> NDArray[np.bool_]:
        """Which baselines have a dead antenna, shape (baselines,)."""
        dead = np.isin(self.used, self.dead)
        return np.asarray(dead[self.first] | dead[self.second])

    @property
    def header_numbers(self) -> NDArray[np.int64]:
        """Numbers of the used antennas as the header counts."""
        return np.array(self.used) + self.number_offset


def choose_antennas(stations: Mapping[int, Station], count: int) -> list[int]:
    """Return `count` station numbers, ascending.

    Up to the number of active stations: core and outriggers in proportion. Above it, the lowest
    inactive slots are equipped too.

    Raises
    ------
    ConfigurationError
        If `count` is below 4 or above the number of stations.
    """
    if not FEWEST <= count <= len(stations):
        raise ConfigurationError(
            f"{count} antennas cannot be simulated", expected=f"{FEWEST} to {len(stations)}"
        )
    active = sorted(number for number in stations if number not in INACTIVE)
    if count >= len(active):
        spare = sorted(set(stations) - set(active))
        return sorted(active + spare[: count - len(active)])
    outriggers = [number for number in active if number >= FIRST_OUTRIGGER]
    core = [number for number in active if number < FIRST_OUTRIGGER]
    far = min(len(outriggers), max(2, round(count * OUTRIGGER_SHARE)))
    far = max(far, count - len(core))
    return sorted(_spread(core, count - far) + _spread(outriggers, far))


def _spread(numbers: list[int], count: int) -> list[int]:
    picks = np.linspace(0, len(numbers) - 1, count).round().astype(int)
    return [numbers[i] for i in picks]
