"""Blocks hold whole series, every row once, as casacore itself reads it."""

from itertools import pairwise

import numpy as np
import pytest

from dsa_hcal_assets.radio.flagging.series import blocks, layouts
from dsa_hcal_assets.radio.flagging.visibilities import windows
from dsa_hcal_assets_tests.radio.conftest import Chain
from dsa_hcal_assets_tests.radio.flagging.windows import make_noise


def test_a_series_is_one_baseline_in_order_of_time() -> None:
    layout = make_noise(antennas=4, times=6).layout
    members, starts = layout.series()
    assert sorted(members) == list(range(layout.rows.size))
    assert starts.size - 1 == 10
    for begin, end in pairwise(starts):
        mine = members[begin:end]
        assert np.unique(layout.antenna1[mine]).size == np.unique(layout.antenna2[mine]).size == 1
        assert (np.diff(layout.time[mine]) > 0).all()


def test_a_new_scan_is_a_new_series() -> None:
    layout = make_noise(antennas=4, times=6).layout
    layout.scan[layout.time > layout.time.min() + 25] = 2
    assert layout.series()[1].size - 1 == 20


def test_integrations_that_are_scans_of_their_own_are_one_drift() -> None:
    layout = make_noise(antennas=4, times=6).layout
    layout.scan[:] = np.unique(layout.time, return_inverse=True)[1]
    assert layout.series()[1].size - 1 == 10


@pytest.mark.radio
@pytest.mark.parametrize("most_bytes", [1, 300_000, 1 << 30])
@pytest.mark.parametrize("chain", ["drift", "vla"])
def test_blocks_give_what_is_in_the_set(chain: str, most_bytes: int, request: pytest.FixtureRequest) -> None:
    """Runs of rows read in place (a drift scan) and scattered ones (scans of few baselines)."""
    made: Chain = request.getfixturevalue(chain)
    (layout,), (whole,) = layouts(made.ms), windows(made.ms)
    members, starts = layout.series()
    # a block of one series each is slow: the first ones will do
    seen, series = [], 0
    for block in blocks(made.ms, layout, most_bytes=most_bytes):
        assert (block.data == whole.data[block.rows]).all()
        assert (block.flag == whole.flag[block.rows]).all()
        expected = members[starts[series] : starts[series + block.starts.size - 1]]
        assert (block.rows[block.members] == expected).all()
        assert block.starts[-1] == block.rows.size
        series += block.starts.size - 1
        seen.append(block.rows)
        if most_bytes == 1 and len(seen) == 20:
            assert all(rows.size == starts[n + 1] - starts[n] for n, rows in enumerate(seen))
            return
    assert sorted(np.concatenate(seen)) == list(range(layout.rows.size))
