import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from dsa_hcal_assets.daq.jobs.durations import Duration, seconds_of, written


class _Table(BaseModel):
    every: Duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("30s", 30),
        ("5m", 300),
        ("5 min", 300),
        ("1.5h", 5400),
        ("2d", 172800),
        (".5s", 0.5),
        ("40us", 4e-5),
        (3, 3),
        (0.1, 0.1),
    ],
)
def test_durations_are_read_as_people_write_them(text: object, seconds: float):
    assert seconds_of(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "30", "3 seconds", "-3s", "1h30m", True, None, math.inf, math.nan])
def test_what_is_no_duration_is_refused(text: object):
    with pytest.raises(ValueError, match="duration"):
        seconds_of(text)


@pytest.mark.parametrize("text", ["0s", 0, -1])
def test_a_duration_is_greater_than_zero(text: object):
    with pytest.raises(ValidationError, match="greater than 0"):
        _Table.model_validate({"every": text})


@given(st.integers(1, 10**6).map(lambda count: count / 1000))
def test_what_is_written_is_read_back(seconds: float):
    assert seconds_of(written(seconds)) == pytest.approx(seconds)
