"""What the bias offsets were set to (`hcal.set_point`), sample by sample."""

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


def offsets(cursor: Cursor, times: NDArray[np.datetime64], towers: int) -> NDArray[np.float32]:
    """Return the bias offset each tower was set to at each time, float32[times, towers].

    NaN where no set point is known, and within a minute of a change.

    Parameters
    ----------
    times
        datetime64[us], UTC, ascending.
    """
    wanted = np.full((len(times), towers), np.nan, dtype=np.float32)
    if not len(times):
        return wanted
    cursor.execute(_SET, {"towers": towers, "first": times[0].item(), "last": times[-1].item()})
    for tower, lower, upper, value in cursor.fetchall():
        start = 0 if lower is None else _index(times, lower + BEING_CHANGED)
        end = len(times) if upper is None else _index(times, upper - BEING_CHANGED)
        wanted[start:end, tower] = value
    return wanted


def _index(times: NDArray[np.datetime64], moment: datetime) -> int:
    return int(np.searchsorted(times, np.array(moment, dtype=times.dtype)))
