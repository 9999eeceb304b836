"""From judged samples to episodes: from the first abnormal sample to the first normal one.

Belongs here: levels of samples and runs of them, on arrays of one day. Not here: what lies before
and after the day (parts.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.quality.thresholds import Limits

Floats = NDArray[np.floating]
Levels = NDArray[np.int8]

UNMEASURED, NORMAL, WARNING, ERROR = -1, 0, 1, 2


@dataclass(frozen=True)
class Episode:
    """Abnormal samples of one place, as indices of cycles.

    Parameters
    ----------
    place
        Index of the place.
    start, last
        First and last abnormal sample.
    end
        First normal one after them, None if none follows in the day.
    worst
        The worst sample.
    samples
        How many samples are abnormal.
    """

    place: int
    start: int
    last: int
    end: int | None
    worst: int
    samples: int


def levels(values: Floats, limits: Limits) -> Levels:
    """Return the level of each value: unmeasured (NaN), normal, warning, error."""
    found = np.where(np.isnan(values), UNMEASURED, NORMAL).astype(np.int8)
    found[_outside(values, limits.warn_below, limits.warn_above)] = WARNING
    found[_outside(values, limits.error_below, limits.error_above)] = ERROR
    return found


def crossed(value: float, level: int, limits: Limits) -> float:
    """Return the limit that an abnormal value is beyond."""
    bounds = (
        (limits.error_below, limits.error_above) if level == ERROR else (limits.warn_below, limits.warn_above)
    )
    below, above = bounds
    if above is not None and value > above:
        return above
    if below is None:
        raise ValueError(f"{value} is beyond no limit")
    return below


def excess(values: Floats, limits: Limits) -> Floats:
    """Return how far values lie beyond their limits, the wider one where there are two; smaller inside."""
    highest = [bound for bound in (limits.error_above, limits.warn_above) if bound is not None]
    lowest = [bound for bound in (limits.error_below, limits.warn_below) if bound is not None]
    over = values - highest[0] if highest else np.full_like(values, -np.inf)
    under = lowest[0] - values if lowest else np.full_like(values, -np.inf)
    return np.asarray(np.maximum(over, under))


def episodes(judged: Levels, beyond: Floats, seconds: NDArray[np.float64], quiet: float) -> Iterator[Episode]:
    """Yield the episodes of each place, in order of place and time.

    Samples not measured neither end an episode nor belong to it. Episodes less than `quiet` seconds
    apart, from the end of one to the start of the next, are one.

    Parameters
    ----------
    judged
        [cycles, places], as `levels` returns.
    beyond
        [cycles, places], as `excess` returns: tells which sample is worst among those of one level.
    seconds
        Time of each cycle.
    """
    for place in np.flatnonzero((judged > NORMAL).any(axis=0)).tolist():
        measured = np.flatnonzero(judged[:, place] != UNMEASURED)
        for start, stop in _runs(judged[measured, place] > NORMAL, seconds[measured], quiet):
            run = measured[start:stop]
            abnormal = run[judged[run, place] > NORMAL]
            most = abnormal[judged[abnormal, place] == judged[abnormal, place].max()]
            yield Episode(
                place=place,
                start=int(abnormal[0]),
                last=int(abnormal[-1]),
                end=int(measured[stop]) if stop < len(measured) else None,
                worst=int(most[np.argmax(beyond[most, place])]),
                samples=len(abnormal),
            )


def first_normal(judged: Levels) -> NDArray[np.int64]:
    """Return the first measured cycle of each place if it is normal, else -1."""
    measured = judged != UNMEASURED
    first = np.argmax(measured, axis=0)
    normal = np.take_along_axis(judged, first[np.newaxis], axis=0)[0] == NORMAL
    return np.where(normal, first, -1)


def _runs(abnormal: NDArray[np.bool_], seconds: NDArray[np.float64], quiet: float) -> list[tuple[int, int]]:
    """Return half-open runs of abnormal samples, joined where the pause between them is short."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], abnormal, [False]]).astype(np.int8)))
    runs: list[tuple[int, int]] = []
    for start, stop in edges.reshape(-1, 2).tolist():
        if runs and seconds[start] - seconds[runs[-1][1]] <= quiet:
            runs[-1] = (runs[-1][0], stop)
        else:
            runs.append((start, stop))
    return runs


def _outside(values: Floats, below: float | None, above: float | None) -> NDArray[np.bool_]:
    outside = np.zeros(values.shape, dtype=bool)
    if below is not None:
        outside |= values < below
    if above is not None:
        outside |= values > above
    return outside
