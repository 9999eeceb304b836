"""Is a channel map plausible? Neighbours on a board must be neighbours in the detector.

That a map is one to one onto all towers is required when it is read (channel_map.py). Here it is
held against its own rule: how the values of a channel lie in its half-sector, the channels on
their board, and the boards around the detector is learned by majority from the map itself, so that
a real map is judged as well as the assumed one. What breaks the rule is implausible: mostly two
connectors, or two lines of the file, that were exchanged.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.hcal.controllers.readings import CHANNELS, TOWERS
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap, MapEpoch
from dsa_hcal_assets.hcal.mapping.difference import Move, describe, moved
from dsa_hcal_assets.quality.verdicts import Metric

T = TypeVar("T")
SECTORS_PER_BOARD = CHANNELS // 2
LEAST_FOLLOWING = 0.5  # with fewer values on the rule there is no rule to judge by


@dataclass(frozen=True, eq=False)
class Plausibility:
    """What the map's own rule says about it.

    Parameters
    ----------
    following
        Share of the values that lie where the rule has them.
    implausible
        Values that do not: `before` is the tower of the rule, `after` that of the map. Empty where there
        is no rule.
    far_neighbours
        Pairs (k, k + 1) of values that the rule itself puts farther apart than one bin of eta and phi.
    """

    following: float
    implausible: tuple[Move, ...]
    far_neighbours: tuple[tuple[int, int], ...]

    @property
    def has_rule(self) -> bool:
        """Whether most of the map follows one rule."""
        return self.following >= LEAST_FOLLOWING


def judge(epoch: MapEpoch) -> Plausibility:
    """Hold an epoch of a map against the rule that most of it follows."""
    half_sectors = _served(epoch)
    pattern = _pattern(epoch, half_sectors)
    expected = replace(epoch, tower_ids=_by_rule(epoch, _half_sectors_by_rule(half_sectors), pattern))
    moves = moved(expected, epoch)
    following = 1 - len(moves) / epoch.tower_ids.size
    return Plausibility(following, moves if following >= LEAST_FOLLOWING else (), _far(pattern))


def plausibility_metric(channel_map: ChannelMap | None, day: str) -> Metric:
    """Return how many values lie where the map's own rule does not have them, on a UTC day, and which.

    NaN where there is no map, it says nothing about the day, or follows no rule.
    """
    start, end = bounds(day)
    epochs = channel_map.epochs if channel_map is not None else ()
    epochs = tuple(one for one in epochs if one.valid_from < end and start < one.valid_to)
    judged = [judge(epoch) for epoch in epochs]
    if not judged or not all(one.has_rule for one in judged):
        return Metric("map_implausible", math.nan, "the channel map has no rule for this day")
    worst = max(judged, key=lambda one: len(one.implausible))
    return Metric("map_implausible", float(len(worst.implausible)), "; ".join(describe(worst.implausible)))


def _served(epoch: MapEpoch) -> NDArray[np.int32]:
    """Return the half-sector that most values of each channel belong to, int32[boards, 8]."""
    of_values = geometry.towers().half_sector[epoch.tower_ids]
    return np.array([[_most(channel.tolist()) for channel in board] for board in of_values], dtype=np.int32)


def _places(half_sector: int) -> NDArray[np.int32]:
    """Return the towers of a half-sector by (eta outwards from the centre, phi), int32[12, 2]."""
    sector_id, half = divmod(half_sector, 2)
    detector, sector = divmod(sector_id, geometry.SECTORS)
    outwards = np.arange(geometry.HALF_ETA_BINS)[:, np.newaxis]
    north = half == geometry.NORTH
    ieta = geometry.HALF_ETA_BINS + outwards if north else geometry.HALF_ETA_BINS - 1 - outwards
    iphi = geometry.SECTOR_PHI_BINS * sector + np.arange(geometry.SECTOR_PHI_BINS)[np.newaxis, :]
    return geometry.tower_at(detector, *np.broadcast_arrays(ieta, iphi)).reshape(-1, geometry.SECTOR_PHI_BINS)


def _pattern(epoch: MapEpoch, half_sectors: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return where most channels have each value in their half-sector: index into `_places`, int32[24]."""
    votes: list[Counter[int]] = [Counter() for _ in range(TOWERS)]
    for board, served in zip(epoch.tower_ids, half_sectors, strict=True):
        for towers, half_sector in zip(board, served, strict=True):
            index = {int(tower): place for place, tower in enumerate(_places(int(half_sector)).ravel())}
            for value, tower in enumerate(towers):
                if (place := index.get(int(tower))) is not None:
                    votes[value][place] += 1
    return np.array([_most(vote.elements()) if vote else 0 for vote in votes], dtype=np.int32)


def _half_sectors_by_rule(served: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the half-sector each channel should serve, int32[boards, 8].

    Which half a channel has, and how far its sector is from the board's first one, goes by most
    boards; where a board begins, by most boards of its detector in the order of their names.
    """
    sector_id, half = np.divmod(served, 2)
    detector, sector = np.divmod(sector_id, geometry.SECTORS)
    of_board = np.array([_most(row.tolist()) for row in detector])
    steps = np.arange(CHANNELS) // 2
    first = np.array([_most(((row - steps) % geometry.SECTORS).tolist()) for row in sector])
    away = [_most(((sector[:, c] - first) % geometry.SECTORS).tolist()) for c in range(CHANNELS)]
    halves = [_most(half[:, c].tolist()) for c in range(CHANNELS)]
    expected = np.empty_like(served)
    for one in geometry.Detector:
        boards = np.flatnonzero(of_board == int(one))
        if not boards.size:
            continue
        begins = SECTORS_PER_BOARD * np.arange(boards.size)
        offset = _most(((first[boards] - begins) % geometry.SECTORS).tolist())
        sectors = (offset + begins[:, np.newaxis] + np.array(away)[np.newaxis, :]) % geometry.SECTORS
        expected[boards] = 2 * (geometry.SECTORS * int(one) + sectors) + np.array(halves)[np.newaxis, :]
    return expected


def _by_rule(
    epoch: MapEpoch, half_sectors: NDArray[np.int32], pattern: NDArray[np.int32]
) -> NDArray[np.int16]:
    towers = np.empty_like(epoch.tower_ids)
    for board in range(len(epoch.boards)):
        for channel in range(CHANNELS):
            towers[board, channel] = _places(int(half_sectors[board, channel])).ravel()[pattern]
    return towers


def _far(pattern: NDArray[np.int32]) -> tuple[tuple[int, int], ...]:
    eta, phi = np.divmod(pattern, geometry.SECTOR_PHI_BINS)
    far = (np.abs(np.diff(eta)) > 1) | (np.abs(np.diff(phi)) > 1)
    return tuple((int(value), int(value) + 1) for value in np.flatnonzero(far))


def _most(values: Iterable[T]) -> T:
    """Return what occurs most often; of equals, what came first."""
    return Counter(values).most_common(1)[0][0]
