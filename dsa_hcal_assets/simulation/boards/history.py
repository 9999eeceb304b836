"""What happens to a simulated detector over the years: power cuts and dead towers, from seed and time.

A controller that lost power comes back with arbitrary offsets and high gain, and stays so until somebody
sets it up again, hours later. A dead tower draws no current and gives no signal; its thermometer lives.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.simulation.boards import physics
from dsa_hcal_assets.simulation.boards.physics import CHANNELS, EPOCH, TOWERS, ChannelTruth, Values, generator

_YEAR = timedelta(days=365.25)
_DAY = timedelta(days=1)
_CUT_MINUTES = (2.0, 90.0)
_SETTING_UP_HOURS = (1.0, 8.0)


@dataclass(frozen=True)
class Troubles:
    """How often what goes wrong; by default nothing.

    Parameters
    ----------
    power_cuts_per_year
        Of one controller, at most 365.
    dead_from_start
        Fraction of towers that never lived.
    deaths_per_year
        Fraction of living towers that die in a year.
    """

    power_cuts_per_year: float = 0.0
    dead_from_start: float = 0.0
    deaths_per_year: float = 0.0


@dataclass(frozen=True)
class PowerCut:
    """A controller without power in [began, ended), set up again at `restored` (all aware UTC)."""

    board: str
    began: datetime
    ended: datetime
    restored: datetime


class History:
    """A detector's history, every part of it as a function of time.

    Parameters
    ----------
    seed
        Of the detector.
    troubles
        What goes wrong, and how often.
    """

    def __init__(self, seed: int = 0, troubles: Troubles | None = None) -> None:
        self.seed = seed
        self.troubles = Troubles() if troubles is None else troubles

    def power_cuts(self, board: str, start: datetime, end: datetime) -> list[PowerCut]:
        """Return the cuts of a controller that begin in [start, end), in order of time."""
        day = require_utc(start).replace(hour=0, minute=0, second=0, microsecond=0)
        cuts = []
        while day < end:
            cut = _cut_of_day(self.seed, board, day, self.troubles)
            if cut is not None and start <= cut.began < end:
                cuts.append(cut)
            day += _DAY
        return cuts

    def last_cut(self, board: str, moment: datetime) -> PowerCut | None:
        """Return the cut that `moment` is in, or that the controller has not been set up since; else None."""
        cuts = self.power_cuts(board, moment - 2 * _DAY, moment + timedelta(microseconds=1))
        return cuts[-1] if cuts and moment < cuts[-1].restored else None

    def offsets(self, board: str, cut: PowerCut | None) -> Values:
        """Return the bias offsets a controller has, float64[8, 24]: as tuned, or as a power cut left them."""
        if cut is None:
            return np.array([_tuned(self.seed, board, channel) for channel in range(CHANNELS)])
        return arbitrary_offsets(self.seed, board, cut.began.isoformat())

    def died(self, board: str, channel: int) -> tuple[datetime | None, ...]:
        """Return when each of the channel's 24 towers died; None: not within a thousand years."""
        return _deaths(self.seed, board, channel, self.troubles)

    def truth(self, board: str, channel: int, moment: datetime, offset: Values | None = None) -> ChannelTruth:
        """Return what the half-sector's sensors show at `moment`; whether anyone can ask is another matter.

        Parameters
        ----------
        offset
            Bias offsets now set, mV, float64[24]; None: as tuned, or as the last power cut left them.
        """
        if offset is None:
            offset = self.offsets(board, self.last_cut(board, moment))[channel]
        shown = physics.truth(self.seed, board, channel, moment, offset)
        alive = np.array([death is None or moment < death for death in self.died(board, channel)])
        return replace(shown, leakage=shown.leakage * alive, sipm_gain=shown.sipm_gain * alive)


def arbitrary_offsets(seed: int, board: str, which: object) -> Values:
    """Return what the `which`-th power cut left in a controller's offsets, mV, float64[8, 24]."""
    random = generator(seed, board, "offsets after", which)
    return np.round(random.uniform(-2000, 1270, (CHANNELS, TOWERS)))


def _tuned(seed: int, board: str, channel: int) -> Values:
    return physics.truth(seed, board, channel, EPOCH).offset


@lru_cache(maxsize=4096)
def _cut_of_day(seed: int, board: str, day: datetime, troubles: Troubles) -> PowerCut | None:
    random = generator(seed, board, "power cut", day.date().isoformat())
    if random.uniform() >= troubles.power_cuts_per_year * (_DAY / _YEAR):
        return None
    began = day + timedelta(seconds=round(random.uniform(0, _DAY.total_seconds() - 1)))
    ended = began + timedelta(minutes=random.uniform(*_CUT_MINUTES))
    return PowerCut(board, began, ended, ended + timedelta(hours=random.uniform(*_SETTING_UP_HOURS)))


@lru_cache(maxsize=4096)
def _deaths(seed: int, board: str, channel: int, troubles: Troubles) -> tuple[datetime | None, ...]:
    random = generator(seed, board, channel, "deaths")
    never, ages = random.uniform(size=TOWERS), random.exponential(size=TOWERS)
    deaths: list[datetime | None] = []
    for tower in range(TOWERS):
        if never[tower] < troubles.dead_from_start:
            deaths.append(datetime.min.replace(tzinfo=UTC))
        else:
            years = float(ages[tower]) / troubles.deaths_per_year if troubles.deaths_per_year else np.inf
            deaths.append(EPOCH + years * _YEAR if years < 1000 else None)
    return tuple(deaths)
