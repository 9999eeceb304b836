"""Each kernel marks what it is for, gives the first step the credit, and agrees with plain numpy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsa_hcal_assets.radio.flagging import marks
from dsa_hcal_assets.radio.flagging.steps import Step
from dsa_hcal_assets.radio.flagging.sumthreshold import THREADS
from dsa_hcal_assets_tests.radio.flagging.windows import Noise, make_noise

Codes = NDArray[np.uint8]


def run(kernel: Callable[..., None], *arguments: Any) -> None:
    for thread in range(THREADS):
        kernel(thread, *arguments)


def inspected(
    noise: Noise, *, zeros: bool = True, edge: int = 0, clip: float = np.inf, rows: Any = None
) -> tuple[Codes, NDArray[np.bool_]]:
    count = noise.layout.rows.size
    codes = np.full(noise.block.data.shape, 99, np.uint8)
    empty = np.zeros((count, 2), bool)
    taken = np.zeros(count, np.uint8) if rows is None else rows
    highest = np.where(noise.layout.cross, clip, np.inf).astype(np.float32)
    run(marks.inspect, noise.block.data, noise.block.flag, zeros, edge, taken, highest, codes, empty)
    return codes, empty


class TestInspection:
    def test_exact_zeros_and_invalid_numbers_are_flagged(self) -> None:
        noise = make_noise()
        noise.block.data[3, 5, 0] = 0
        noise.block.data[4, 6, 1] = np.nan
        codes, empty = inspected(noise)
        assert codes[3, 5, 0] == codes[4, 6, 1] == Step.ZEROS
        assert np.count_nonzero(codes) == 2
        assert not empty.any()

    def test_zeros_may_stay_and_invalid_numbers_may_not(self) -> None:
        noise = make_noise()
        noise.block.data[3, 5, 0] = 0
        noise.block.data[4, 6, 1] = np.inf
        codes, _ = inspected(noise, zeros=False)
        assert np.argwhere(codes).tolist() == [[4, 6, 1]]

    def test_a_row_of_nothing_is_empty(self) -> None:
        noise = make_noise()
        noise.block.data[3, :, 1] = 0
        noise.block.data[3, 2, 1] = np.nan
        assert np.argwhere(inspected(noise)[1]).tolist() == [[3, 1]]

    @pytest.mark.parametrize("edge", [0, 1, 3])
    def test_edge_channels(self, edge: int) -> None:
        codes, _ = inspected(make_noise(channels=16), edge=edge)
        assert (codes == Step.EDGES).any(axis=(0, 2)).sum() == 2 * edge
        assert not codes[:, edge : 16 - edge].any()

    def test_the_amplitude_clip_spares_autocorrelations(self) -> None:
        noise = make_noise()
        noise.block.data[~noise.layout.cross] = 1000
        noise.block.data[np.flatnonzero(noise.layout.cross)[2], 4, 1] = 50
        codes, _ = inspected(noise, clip=40)
        assert np.count_nonzero(codes == Step.CLIP) == np.count_nonzero(codes) == 1

    def test_the_first_step_gets_the_credit(self) -> None:
        noise = make_noise()
        row = int(np.flatnonzero(noise.layout.cross)[0])
        noise.block.data[row, :4] = [[0], [0], [100], [100]]
        noise.block.flag[row, 0] = True
        codes, _ = inspected(noise, edge=1, clip=40)
        assert codes[row, :4, 0].tolist() == [Step.CONVERSION, Step.ZEROS, Step.CLIP, Step.CLIP]
        whole = np.full(noise.layout.rows.size, Step.SCAN_START, np.uint8)
        codes, _ = inspected(noise, edge=1, clip=40, rows=whole)
        assert codes[row, -2:, 0].tolist() == [Step.SCAN_START, Step.EDGES]


def clipped(noise: Noise, sigma: float = 7.0, codes: Codes | None = None) -> Codes:
    layout, block = noise.layout, noise.block
    codes = np.zeros(block.data.shape, np.uint8) if codes is None else codes
    fields, field = np.unique(layout.field, return_inverse=True)
    levels = np.zeros((fields.size, *layout.shape[1:]), np.float32)
    for number, hand in np.ndindex(fields.size, 2):
        one = np.zeros(layout.shape[1], np.float32)
        marks.bandpass(block.data, codes, np.flatnonzero((field == number) & layout.cross), hand, one)
        levels[number, :, hand] = one
    run(marks.mad_clip, block.data, codes, block.members, block.starts, layout.cross, field, levels, sigma)
    return codes


class TestMadClip:
    def test_strong_interference_is_found_and_noise_is_left_alone(self) -> None:
        noise = make_noise(times=20, channels=32)
        rows = np.flatnonzero(noise.layout.cross)[5:15]
        noise.block.data[rows, 7, 0] += 100
        codes = clipped(noise)
        assert (codes[rows, 7, 0] == Step.MAD).all()
        assert np.count_nonzero(codes) - rows.size < 1e-4 * codes.size

    def test_a_bright_field_is_not_interference_to_a_faint_one(self) -> None:
        noise = make_noise(times=20)
        second = noise.layout.time > np.median(noise.layout.time)
        noise.layout.field[second], noise.layout.scan[second] = 1, 2
        noise.block.members, noise.block.starts = noise.layout.series()
        noise.block.data[second] += 300
        assert np.count_nonzero(clipped(noise)) < 1e-4 * noise.block.data.size

    def test_a_source_that_only_a_short_baseline_sees_is_not_interference(self) -> None:
        noise = make_noise(antennas=8, times=20, channels=32)
        noise.block.data[noise.rows(0, 1)] += 300
        assert not clipped(noise)[noise.rows(0, 1)].any()

    def test_the_bandpass_shape_is_not_interference(self) -> None:
        noise = make_noise(times=20, channels=32)
        noise.block.data += 20
        noise.block.data *= np.linspace(0.1, 3, 32)[None, :, None]
        assert not clipped(noise).any()

    def test_nothing_is_flagged_where_nothing_is_left(self) -> None:
        noise = make_noise()
        before = np.full(noise.block.data.shape, Step.ZEROS, np.uint8)
        assert (clipped(noise, codes=before.copy()) == before).all()

    @given(scale=st.floats(1e-6, 1e6))
    def test_the_unit_of_the_data_does_not_matter(self, scale: float) -> None:
        noise = make_noise(times=6, seed=3)
        noise.block.data[noise.rows(0, 1)[2], 3, 0] = 80
        reference = clipped(noise)
        assert reference.any()
        noise.block.data *= np.float32(scale)
        assert (clipped(noise) == reference).all()


def closed(
    noise: Noise, codes: Codes, *, dead: Any = None, everywhere: Any = None, extend: bool = True
) -> Codes:
    layout = noise.layout
    moments, moment = np.unique(layout.time, return_inverse=True)
    dead = np.zeros(layout.rows.size, bool) if dead is None else dead
    everywhere = np.zeros((moments.size, *layout.shape[1:]), bool) if everywhere is None else everywhere
    codes = codes.copy()
    run(marks.close, codes, *layout.series(), dead, layout.cross, moment, everywhere, extend)
    return codes


def found(noise: Noise, *where: Any) -> Codes:
    codes = np.zeros(noise.block.data.shape, np.uint8)
    codes[where] = Step.SEARCH
    return codes


class TestClosing:
    def test_other_correlations_follow(self) -> None:
        noise = make_noise(channels=16)
        codes = closed(noise, found(noise, 5, 3, 0))
        assert codes[5, 3].tolist() == [Step.SEARCH, Step.EXTENSION]
        assert np.count_nonzero(codes) == 2

    def test_an_integration_of_which_most_channels_are_bad_goes_whole(self) -> None:
        noise = make_noise(times=10, channels=16)
        assert closed(noise, found(noise, 5, slice(10)))[5].all()

    def test_a_channel_bad_most_of_the_time_goes_for_that_baseline_only(self) -> None:
        noise = make_noise(times=10, channels=16)
        mine = noise.rows(0, 3)
        codes = closed(noise, found(noise, mine[:7], 4))
        assert codes[mine, 4].all()
        assert np.count_nonzero(codes) == 20

    def test_flags_that_are_not_interference_are_not_extended(self) -> None:
        noise = make_noise(channels=16)
        codes = np.zeros(noise.block.data.shape, np.uint8)
        codes[5, :12, 0] = Step.ZEROS
        assert (closed(noise, codes) == codes).all()

    def test_what_disturbs_the_array_is_flagged_on_all_cross_correlations(self) -> None:
        noise = make_noise(times=6)
        everywhere = np.zeros((6, 12, 2), bool)
        everywhere[2, 5, 1] = True
        codes = closed(noise, found(noise, 0, 0, 0), everywhere=everywhere, extend=False)
        at_two = (noise.layout.time == noise.layout.time.min() + 20) & noise.layout.cross
        assert (codes[at_two, 5, 1] == Step.SEARCH).all()
        assert np.count_nonzero(codes) == at_two.sum() + 1

    def test_a_dead_antenna_takes_its_rows_from_the_later_steps_only(self) -> None:
        noise = make_noise(antennas=4)
        codes = found(noise, slice(None), 3)
        codes[:, 2] = Step.ZEROS
        after = closed(noise, codes, dead=noise.of_antenna(1), extend=False)
        assert (after[noise.of_antenna(1)][:, [0, 1, 3]] == Step.DEAD).all()
        assert (after[:, 2] == Step.ZEROS).all()
        assert (after[~noise.of_antenna(1)] == codes[~noise.of_antenna(1)]).all()

    @given(seed=st.integers(0, 1000), share=st.floats(0, 1))
    def test_extension_is_that_of_plain_numpy(self, seed: int, share: float) -> None:
        noise = make_noise(times=4, antennas=3, channels=6)
        codes = found(noise, np.random.default_rng(seed).random(noise.block.data.shape) < share)
        expected = plain_extension(noise, codes == Step.SEARCH)
        assert ((closed(noise, codes) != 0) == expected).all()


def plain_extension(noise: Noise, bad: NDArray[np.bool_]) -> NDArray[np.bool_]:
    wide = np.repeat(bad.any(axis=2)[:, :, None], 2, axis=2)
    wide |= wide.mean(axis=1, keepdims=True) > marks.MOST_LEFT
    for first, second in {*zip(noise.layout.antenna1, noise.layout.antenna2, strict=True)}:
        mine = noise.rows(first, second)
        wide[mine] |= wide[mine].mean(axis=0, keepdims=True) > marks.MOST_LEFT
    return wide


def test_counts_are_those_of_plain_numpy() -> None:
    rng = np.random.default_rng(1)
    codes = rng.integers(0, len(Step), (30, 7, 2)).astype(np.uint8)
    weight = rng.random((30, 2)) < 0.7
    by_step, by_row, by_channel = (np.zeros(size, np.int64) for size in (len(Step), 30, 7))
    marks.count_steps(codes, weight, by_step, by_row, by_channel)
    flagged = (codes != 0) & weight[:, None, :]
    assert (by_row == flagged.sum(axis=(1, 2))).all()
    assert (by_channel == flagged.sum(axis=(0, 2))).all()
    assert (by_step == np.bincount(codes.transpose(0, 2, 1)[weight].ravel(), minlength=len(Step))).all()
