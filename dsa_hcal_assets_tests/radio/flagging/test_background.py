"""Medians are medians, and what is narrow is no background."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.radio.flagging import background
from dsa_hcal_assets_tests.radio.flagging.test_sumthreshold import lower_median


@given(values=st.lists(st.floats(0, 1e6, width=32), min_size=1, max_size=50), data=st.data())
def test_the_median_is_the_lower_median(values: list[float], data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(values)))
    room = np.array(values, np.float32)
    assert background.median(room, count) == lower_median(np.array(values[:count], np.float32))


class TestRunningMedian:
    @given(seed=st.integers(0, 100), size=st.integers(13, 40), beside=st.integers(1, 6))
    def test_away_from_the_ends_it_is_the_median_of_neighbours(
        self, seed: int, size: int, beside: int
    ) -> None:
        values = np.random.default_rng(seed).uniform(0.1, 1, size).astype(np.float32)
        expected = np.median(np.lib.stride_tricks.sliding_window_view(values, 2 * beside + 1), axis=1)
        found = background.running_median(values, beside, 0)
        assert found[beside:-beside].tolist() == expected.tolist()

    def test_a_slope_stays_a_slope_up_to_the_last_few(self) -> None:
        slope = np.arange(1, 41, dtype=np.float32)
        found = background.running_median(slope, 10, 3)
        assert found[3:-3].tolist() == slope[3:-3].tolist()
        assert found[:3].tolist() == [4, 4, 4]

    @pytest.mark.parametrize("begin", [0, 5, 15])
    def test_what_is_narrower_than_half_the_window_vanishes_at_the_ends_too(self, begin: int) -> None:
        values = np.ones(19, np.float32)
        values[begin : begin + 4] = 50
        assert (background.running_median(values, 4, 4) == 1).all()

    def test_nothing_measured_is_nothing(self) -> None:
        assert not background.running_median(np.zeros(5, np.float32), 2, 1).any()
