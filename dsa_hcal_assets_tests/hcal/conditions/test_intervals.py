"""Which times a day's readings vouch for, and where that is cut."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.hcal.conditions.intervals import Interval, intervals_of_validity

DAY = Interval(datetime(2025, 6, 5, tzinfo=UTC), datetime(2025, 6, 6, tzinfo=UTC))
HOUR = timedelta(hours=1)


def at(hours: float) -> datetime:
    return DAY.start + timedelta(hours=hours)


def test_readings_all_day_long_give_the_whole_day() -> None:
    cycles = [at(number / 6) for number in range(144)]
    assert intervals_of_validity(cycles, DAY, max_age=HOUR) == [DAY]


def test_a_gap_is_covered_from_both_its_ends_and_no_further() -> None:
    cycles = [at(0), at(6), at(6.5), at(12)]
    assert intervals_of_validity(cycles, DAY, max_age=HOUR) == [
        Interval(at(0), at(1)),
        Interval(at(5), at(7.5)),
        Interval(at(11), at(13)),
    ]


def test_a_day_without_readings_has_no_interval() -> None:
    assert intervals_of_validity([], DAY, max_age=HOUR) == []


def test_a_correction_that_begins_at_noon_begins_a_new_interval() -> None:
    cycles = [at(number / 6) for number in range(144)]
    cut = intervals_of_validity(cycles, DAY, max_age=HOUR, cuts=[at(12), DAY.start, DAY.end, at(12)])
    assert cut == [Interval(at(0), at(12)), Interval(at(12), at(24))]


hours = st.floats(-3, 27, allow_nan=False)


@given(st.lists(hours, max_size=12), st.lists(hours, max_size=4), st.floats(0.01, 5), hours)
def test_a_moment_is_covered_once_if_a_reading_is_near_enough_and_else_not_at_all(
    cycles: list[float], cuts: list[float], age: float, asked: float
) -> None:
    max_age, moment = timedelta(hours=age), at(asked)
    found = intervals_of_validity(
        [at(one) for one in cycles], DAY, max_age=max_age, cuts=[at(one) for one in cuts]
    )
    # an interval ends before its end, as a reading's time does: the far edge of its age is outside
    vouched = any(at(one) - max_age <= moment < at(one) + max_age for one in cycles)
    assert sum(moment in interval for interval in found) == (moment in DAY and vouched)
    assert found == sorted(found)
    assert not any(interval.start < at(cut) < interval.end for interval in found for cut in cuts)
