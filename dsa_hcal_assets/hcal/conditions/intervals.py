"""Intervals of validity: where readings vouch for the state, cut where it changed by intention.

Pure arithmetic on times; a reading vouches for the time around it up to a maximum age, the same rule by
which `hcal.tower_state_at` answers for a moment.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise


@dataclass(frozen=True, order=True)
class Interval:
    """Half-open interval of time [start, end), aware UTC."""

    start: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


def intervals_of_validity(
    cycles: Sequence[datetime],
    within: Interval,
    *,
    max_age: timedelta,
    cuts: Iterable[datetime] = (),
) -> list[Interval]:
    """Return the intervals in which payloads are valid, in order; together all that is vouched for.

    Parameters
    ----------
    cycles
        Times of the readings.
    within
        Nothing outside is returned: the UTC day.
    max_age
        How far from a reading its state still counts. A gap of more than twice as much is left out.
    cuts
        Times at which something else holds (corrections, set points): no interval contains one but as its
        start.
    """
    inner = sorted({cut for cut in cuts if within.start < cut < within.end})
    stretches = _vouched_for(sorted(cycles), within, max_age)
    return [piece for stretch in stretches for piece in _cut(stretch, inner)]


def _vouched_for(cycles: Sequence[datetime], within: Interval, max_age: timedelta) -> list[Interval]:
    stretches: list[Interval] = []
    for cycle in cycles:
        start, end = max(cycle - max_age, within.start), min(cycle + max_age, within.end)
        if start >= end:
            continue
        if stretches and start <= stretches[-1].end:
            stretches[-1] = Interval(stretches[-1].start, max(end, stretches[-1].end))
        else:
            stretches.append(Interval(start, end))
    return stretches


def _cut(stretch: Interval, cuts: Sequence[datetime]) -> list[Interval]:
    inner = [cut for cut in cuts if stretch.start < cut < stretch.end]
    edges = [stretch.start, *inner, stretch.end]
    return [Interval(start, end) for start, end in pairwise(edges)]
