"""Alignment in time: what a history says of other moments, held against a search without any cleverness."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dsa_hcal_assets.hcal.access.history import History

START = datetime(2025, 6, 5, tzinfo=UTC)
TEN = timedelta(minutes=10)
NAN = float("nan")


def history(minutes: list[int], *columns: list[float]) -> History:
    times = np.array(
        [START.replace(tzinfo=None) + timedelta(minutes=one) for one in minutes], "datetime64[us]"
    )
    values = np.array(columns, dtype=np.float32).T.reshape(len(minutes), len(columns))
    return History("temperature", times, np.arange(len(columns)) + 100, values)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def test_a_value_holds_from_its_reading_until_the_next() -> None:
    known = history([0, 10, 20], [1, 2, 3]).at([at(-1), at(0), at(9.99), at(10), at(25)])
    np.testing.assert_array_equal(known.values[:, 0], [NAN, 1, 1, 2, 3])


def test_a_gap_longer_than_the_maximum_age_stays_a_gap() -> None:
    known = history([0, 10, 300], [1, 2, 3]).at([at(40), at(40.1), at(299)], max_age=timedelta(minutes=30))
    np.testing.assert_array_equal(known.values[:, 0], [2, NAN, NAN])


def test_a_tower_that_was_not_read_keeps_its_own_last_value() -> None:
    known = history([0, 10, 20], [1, NAN, NAN], [4, 5, NAN]).at([at(20)])
    np.testing.assert_array_equal(known.values, [[1, 5]])


def test_nearest_looks_both_ways_and_takes_the_earlier_of_two() -> None:
    known = history([0, 10], [1, 2]).at([at(-4), at(4), at(5), at(6)], method="nearest")
    np.testing.assert_array_equal(known.values[:, 0], [1, 1, 1, 2])


def test_a_grid_begins_and_ends_where_it_is_told() -> None:
    known = history([1, 11, 21], [1, 2, 3]).on_grid(TEN, start=at(0), end=at(30))
    assert known.times.astype("datetime64[m]").astype(object).tolist() == [
        at(minute).replace(tzinfo=None) for minute in (0, 10, 20)
    ]
    np.testing.assert_array_equal(known.values[:, 0], [NAN, 1, 2])


def test_a_grid_of_its_own_lies_on_whole_steps() -> None:
    known = history([1, 11, 21], [1, 2, 3]).on_grid(TEN)
    assert known.times[0] == np.datetime64("2025-06-05T00:00")
    assert known.times[-1] == np.datetime64("2025-06-05T00:20")


def test_nothing_read_is_known_nowhere() -> None:
    known = history([], []).at([at(0)], method="nearest")
    assert np.isnan(known.values).all()
    assert known.values.shape == (1, 1)


def test_naive_times_are_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        history([0], [1]).at([datetime(2025, 6, 5)])


def test_pandas_and_arrow_say_the_same() -> None:
    both = history([0, 10], [1, NAN], [3, 4])
    frame, table = both.to_pandas(), both.to_arrow()
    assert str(frame.index.tz) == "UTC"
    assert frame.columns.tolist() == [100, 101]
    long = table.to_pandas().pivot(index="time", columns="tower_id", values="temperature")
    np.testing.assert_array_equal(long.to_numpy(), frame.to_numpy())
    assert table["temperature"].null_count == 1
    assert long.index.equals(frame.index.astype(long.index.dtype))


@given(
    st.lists(st.integers(0, 100), unique=True, max_size=8).map(sorted),
    st.lists(st.integers(-20, 120), min_size=1, max_size=8),
    st.integers(0, 40),
    st.sampled_from(["previous", "nearest"]),
    st.data(),
)
def test_alignment_is_what_a_search_finds(
    minutes: list[int], asked: list[int], age: int, method: str, data: st.DataObject
) -> None:
    read = data.draw(arrays.arrays(np.bool_, (len(minutes), 2)))
    values = np.where(read, np.arange(2 * len(minutes)).reshape(-1, 2), np.nan).astype(np.float32)
    one = history(minutes, *values.T.tolist()) if minutes else history([], [], [])
    known = one.at([at(minute) for minute in asked], max_age=timedelta(minutes=age), method=method)  # type: ignore[arg-type]
    for row, moment in enumerate(asked):
        for column in range(2):
            candidates = [
                (abs(moment - minute), minute, values[place, column])
                for place, minute in enumerate(minutes)
                if read[place, column]
                and abs(moment - minute) <= age
                and (method == "nearest" or minute <= moment)
            ]
            expected = min(candidates)[2] if candidates else NAN
            np.testing.assert_equal(known.values[row, column], expected)
