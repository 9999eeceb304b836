from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets import clock

moments = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))


@given(moments)
def test_a_group_key_stands_for_its_second(moment):
    assert clock.parse_group_key(clock.group_key(moment)) == moment.replace(microsecond=0)


@given(moments, st.integers(-14, 14))
def test_day_and_key_do_not_depend_on_the_zone_a_time_is_given_in(moment, hours):
    elsewhere = moment.astimezone(timezone(timedelta(hours=hours)))
    assert clock.day_key(elsewhere) == clock.day_key(moment)
    assert clock.group_key(elsewhere) == clock.group_key(moment)


def test_a_naive_time_is_refused():
    with pytest.raises(ValueError, match="naive time"):
        clock.day_key(datetime(2026, 1, 1))


@pytest.mark.parametrize("key", ["2026-01-01", "2026-01-01 00:00:00", "2026-13-01T00:00:00", "", "../x"])
def test_what_is_no_group_key_is_refused(key):
    with pytest.raises(ValueError, match="does not match"):
        clock.parse_group_key(key)
