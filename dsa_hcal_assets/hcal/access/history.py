"""A quantity of towers over time as one array, and its alignment to other times.

Pure arithmetic. A value stands for later (or, nearest, also earlier) times up to a maximum age and never
longer, so a gap stays a gap: NaN.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.clock import require_utc

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Times = NDArray[np.datetime64]
Method = Literal["previous", "nearest"]
_NEVER = np.iinfo(np.int64).max // 4


@dataclass(frozen=True, eq=False)
class History:
    """A quantity by time and unit.

    Parameters
    ----------
    quantity
        Column it was read from.
    times
        datetime64[us], UTC, ascending; shape (T,).
    units
        Number of each column; shape (N,).
    values
        float32 (T, N); NaN where nothing was read.
    unit
        What the numbers count: tower_id, or half_sector or sector_id where read from rollups.
    """

    quantity: str
    times: Times
    units: NDArray[np.int64]
    values: NDArray[np.float32]
    unit: str = "tower_id"

    def at(
        self,
        moments: Sequence[datetime] | Times,
        *,
        max_age: timedelta = timedelta(hours=1),
        method: Method = "previous",
    ) -> "History":
        """Return what was known at other times.

        Parameters
        ----------
        moments
            Aware UTC times, or datetime64 in UTC.
        method
            previous: the last value at or before a moment; nearest: that or the next after, the earlier of
            two equally near. Of each unit by itself: what was not read does not count.
        max_age
            Furthest a value may be from a moment.
        """
        targets = as_times(moments)
        if not self.times.size:
            nothing = np.full((targets.size, self.units.size), np.nan, dtype=np.float32)
            return replace(self, times=targets, values=nothing)
        before = _rows_before(self.values, self.times, targets)
        chosen = before
        if method == "nearest":
            after = _rows_after(self.values, self.times, targets)
            closer = self._distance(after, targets) < self._distance(before, targets)
            chosen = np.where(closer, after, before)
        near_enough = self._distance(chosen, targets) <= max_age // timedelta(microseconds=1)
        columns = np.arange(self.units.size)
        values = np.where(near_enough, self.values[np.clip(chosen, 0, None), columns], np.float32(np.nan))
        return replace(self, times=targets, values=values)

    def on_grid(
        self,
        step: timedelta,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        max_age: timedelta = timedelta(hours=1),
        method: Method = "previous",
    ) -> "History":
        """Return what was known at start, start + step, ... before end; see `at`.

        By default from the first time (rounded down to whole steps since 1970) to the last.
        """
        if not self.times.size and (start is None or end is None):
            return self
        width = np.timedelta64(step // timedelta(microseconds=1), "us")
        first = as_times([start])[0] if start else _whole_steps(self.times[0], width)
        last = as_times([end])[0] if end else self.times[-1] + np.timedelta64(1, "us")
        return self.at(np.arange(first, last, width), max_age=max_age, method=method)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a frame with a row a time (aware UTC index ``time``) and a column a unit."""
        import pandas as pd

        index = pd.DatetimeIndex(self.times, tz="UTC", name="time")
        return pd.DataFrame(self.values, index=index, columns=pd.Index(self.units, name=self.unit))

    def to_arrow(self) -> "pa.Table":
        """Return a long table: time (UTC), `unit`, the quantity; missing values are null."""
        import pyarrow as pa

        times = pa.array(np.repeat(self.times, self.units.size), pa.timestamp("us", tz="UTC"))
        units = pa.array(np.tile(self.units, self.times.size), pa.int32())
        flat = self.values.ravel()
        return pa.table({"time": times, self.unit: units, self.quantity: pa.array(flat, mask=np.isnan(flat))})

    def _distance(self, rows: NDArray[np.int64], targets: Times) -> NDArray[np.int64]:
        """Return microseconds between targets and the times of `rows` (T, N); -1: for ever."""
        away = np.abs(
            self.times.astype(np.int64)[np.clip(rows, 0, None)] - targets.astype(np.int64)[:, np.newaxis]
        )
        distance: NDArray[np.int64] = np.where(rows < 0, _NEVER, away)
        return distance


def as_times(moments: Sequence[datetime] | Times) -> Times:
    """Return times as datetime64[us] in UTC; naive datetimes are refused."""
    if isinstance(moments, np.ndarray):
        return moments.astype("datetime64[us]")
    plain = [require_utc(moment).astimezone(UTC).replace(tzinfo=None) for moment in moments]
    return np.array(plain, dtype="datetime64[us]")


def _rows_before(values: NDArray[np.float32], times: Times, targets: Times) -> NDArray[np.int64]:
    """Return, for each target and unit, the last row at or before it that was read; -1: none."""
    rows = np.where(np.isnan(values), -1, np.arange(times.size)[:, np.newaxis])
    last = np.maximum.accumulate(rows, axis=0)
    return _taken(last, np.searchsorted(times, targets, side="right") - 1)


def _rows_after(values: NDArray[np.float32], times: Times, targets: Times) -> NDArray[np.int64]:
    """Return, for each target and unit, the first row at or after it that was read; -1: none."""
    never = times.size
    rows = np.where(np.isnan(values), never, np.arange(times.size)[:, np.newaxis])
    following = np.minimum.accumulate(rows[::-1], axis=0)[::-1]
    return _taken(np.where(following == never, -1, following), np.searchsorted(times, targets, side="left"))


def _taken(rows: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the `rows` at `places`; -1 where there is no such place."""
    inside = (places >= 0) & (places < rows.shape[0])
    return np.where(inside[:, np.newaxis], rows[np.where(inside, places, 0)], -1)


def _whole_steps(moment: np.datetime64, width: np.timedelta64) -> np.datetime64:
    since = moment.astype("datetime64[us]").astype(np.int64)
    step = width.astype(np.int64)
    return np.datetime64(int(since // step * step), "us")
