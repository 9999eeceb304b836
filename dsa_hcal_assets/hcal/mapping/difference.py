"""What differs between two ways of mapping channels to towers: which values moved, and what was exchanged.

Belongs here: comparison, of two map files over time or of one map with what it should be
(consistency.py). Not here: which data that concerns (replay.py).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.hcal.controllers.readings import CHANNELS, TOWERS
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap, MapEpoch
from dsa_hcal_assets.hcal.mapping.geometry import tower_name

Place = tuple[str, int, int]  # board, channel, value
Group = tuple[str | int, ...]  # a whole board, a channel of it, or one value


@dataclass(frozen=True)
class Move:
    """A value of a board's channel that has another tower; None: the map says nothing about it."""

    place: Place
    before: int | None
    after: int | None


@dataclass(frozen=True)
class Difference:
    """What two maps say differently about [start, end); `covered` by both, or by one only."""

    start: datetime
    end: datetime
    moves: tuple[Move, ...]
    covered: bool


def compare(before: ChannelMap, after: ChannelMap) -> tuple[Difference, ...]:
    """Return where two maps differ, in order of time; neighbouring times with one difference are joined."""
    edges = sorted(
        {
            edge
            for one in (before, after)
            for epoch in one.epochs
            for edge in (epoch.valid_from, epoch.valid_to)
        }
    )
    found: list[Difference] = []
    for start, end in pairwise(edges):
        old, new = _in_force(before, start), _in_force(after, start)
        moves = moved(old, new)
        if not moves:
            continue
        covered = old is not None and new is not None
        if found and found[-1].end == start and found[-1].moves == moves:
            start = found.pop().start
        found.append(Difference(start, end, moves, covered))
    return tuple(found)


def moved(before: MapEpoch | None, after: MapEpoch | None) -> tuple[Move, ...]:
    """Return the values whose tower differs between two epochs, in order of their place."""
    boards = sorted({board for epoch in (before, after) if epoch is not None for board in epoch.boards})
    return tuple(
        Move((board, int(channel), int(value)), _tower(old[channel, value]), _tower(new[channel, value]))
        for board in boards
        for old, new in [(_towers(before, board), _towers(after, board))]
        for channel, value in np.argwhere(old != new)
    )


def describe(moves: Sequence[Move]) -> Iterator[str]:
    """Say what moved in as few lines as can be: whole boards, then whole channels, then single values."""
    rest = {move.place: move for move in moves}
    for length, size, noun in ((1, CHANNELS * TOWERS, "boards"), (2, TOWERS, "channels"), (3, 1, "values")):
        for one, other in _exchanged(rest, length, size):
            yield f"{noun} {_name(one)} and {_name(other)} are exchanged"
            for place in [place for place in rest if place[:length] in (one, other)]:
                del rest[place]
    by_channel: dict[tuple[str, int], list[Move]] = defaultdict(list)
    for place, move in rest.items():
        by_channel[place[:2]].append(move)
    for channel, some in by_channel.items():
        first = f"{_name(some[0].place)}: {_tower_name(some[0].before)} -> {_tower_name(some[0].after)}"
        more = f" and {len(some) - 1} more values of channel {_name(channel)}" if len(some) > 1 else ""
        yield first + more


def _in_force(one: ChannelMap, moment: datetime) -> MapEpoch | None:
    return next((epoch for epoch in one.epochs if epoch.valid_from <= moment < epoch.valid_to), None)


def _towers(epoch: MapEpoch | None, board: str) -> NDArray[np.int16]:
    found = epoch.towers_of(board) if epoch is not None else None
    return found if found is not None else np.full((CHANNELS, TOWERS), -1, dtype=np.int16)


def _tower(number: np.int16) -> int | None:
    return None if number < 0 else int(number)


def _exchanged(rest: Mapping[Place, Move], length: int, size: int) -> list[tuple[Group, Group]]:
    """Return the pairs of groups (prefixes of places) of which each has exactly what the other had."""
    groups: dict[Group, list[Move]] = defaultdict(list)
    for place, move in rest.items():
        groups[place[:length]].append(move)
    whole = {group: some for group, some in groups.items() if len(some) == size}
    had = {tuple(move.before for move in some): group for group, some in whole.items()}
    pairs = []
    for group, some in whole.items():
        other = had.get(tuple(move.after for move in some))
        if other is None or other <= group:
            continue  # each pair once
        if had.get(tuple(move.after for move in whole[other])) == group:
            pairs.append((group, other))
    return pairs


def _name(group: Group) -> str:
    return "/".join(map(str, group))


def _tower_name(tower_id: int | None) -> str:
    return "nothing" if tower_id is None else tower_name(tower_id)
