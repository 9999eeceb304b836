"""What the bias offsets were set to (`hcal.set_point`), sample by sample."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from psycopg2.extensions import cursor as Cursor

# A cycle asks a board some seconds after its start, and writing offsets takes a while.
BEING_CHANGED = timedelta(seconds=60)

_SET = """
select tower_id, lower(validity) at time zone 'UTC', upper(validity) at time zone 'UTC', value
from hcal.set_point
where quantity = 'bias_offset' and tower_id < %(towers)s
  and validity && tstzrange(%(first)s at time zone 'UTC', %(last)s at time zone 'UTC', '[]')
"""


@dataclass(frozen=True, eq=False)
class SetPoints:
    """What towers were set to, sample by sample.

    Parameters
    ----------
    values
        float32[times, towers], NaN where no set point is known.
    settled
        bool[times, towers]: false within a minute of a change.
    """

    values: NDArray[np.float32]
    settled: NDArray[np.bool_]


def offsets(cursor: Cursor, times: NDArray[np.datetime64], towers: int) -> SetPoints:
    """Return what the bias offset of each tower was set to at each time.

    Parameters
    ----------
    times
        datetime64[us], UTC, ascending.
    """
    values = np.full((len(times), towers), np.nan, dtype=np.float32)
    settled = np.ones(values.shape, dtype=bool)
    if not len(times):
        return SetPoints(values, settled)
    cursor.execute(_SET, {"towers": towers, "first": times[0].item(), "last": times[-1].item()})
    for tower, start, end, value in cursor.fetchall():
        first = 0 if start is None else _index(times, start)
        last = len(times) if end is None else _index(times, end)
        values[first:last, tower] = value
        for change in (start, end):
            if change is not None:
                around = _index(times, change - BEING_CHANGED), _index(times, change + BEING_CHANGED)
                settled[slice(*around), tower] = False
    return SetPoints(values, settled)


def _index(times: NDArray[np.datetime64], moment: datetime) -> int:
    return int(np.searchsorted(times, np.array(moment, dtype=times.dtype)))
