"""Flag statistics count what an operator wants to know, over receptors that work."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dsa_hcal_assets.radio.flagging.figures import write_figures
from dsa_hcal_assets.radio.flagging.noise import NoiseSample
from dsa_hcal_assets.radio.flagging.statistics import Statistics, Tally
from dsa_hcal_assets.radio.flagging.steps import Step
from dsa_hcal_assets_tests.radio.flagging.windows import Noise, make_noise


def counted(noise: Noise, codes: NDArray[np.uint8], statistics: Statistics | None = None) -> Statistics:
    statistics = statistics or Statistics()
    sample = NoiseSample.of(noise.layout)
    sample.take(noise.block)
    statistics.add(noise.layout, codes, np.asarray((noise.block.data == 0).all(axis=1)), sample)
    return statistics


def no_flags(noise: Noise) -> NDArray[np.uint8]:
    return np.zeros(noise.block.data.shape, np.uint8)


def test_stations_without_a_dish_do_not_count() -> None:
    """21 of 117 stations never have data: a raw share of 28 % can mean 1 % of the working ones."""
    noise = make_noise(antennas=6)
    noise.block.data[noise.of_antenna(5)] = 0
    codes = no_flags(noise)
    codes[noise.of_antenna(5)] = Step.ZEROS
    statistics = counted(noise, codes)
    assert statistics.fraction == 0
    assert statistics.working_antennas == {0, 1, 2, 3, 4}
    assert np.count_nonzero(codes) > 0.2 * codes.size


def test_a_receptor_without_data_leaves_the_other_feed_counted() -> None:
    noise = make_noise(antennas=4)
    noise.block.data[noise.of_antenna(2), :, 1] = 0
    codes = no_flags(noise)
    codes[noise.of_antenna(2)] = Step.ZEROS
    statistics = counted(noise, codes)
    assert (2, 0) in statistics.working_receptors
    assert (2, 1) not in statistics.working_receptors
    assert statistics.fraction == pytest.approx(3 / 9)  # 6 baselines of one feed, 3 of the other


def test_autocorrelations_do_not_count() -> None:
    noise = make_noise()
    codes = no_flags(noise)
    codes[~noise.layout.cross] = Step.AUTOCORRELATIONS
    statistics = counted(noise, codes)
    assert statistics.fraction == 0
    assert statistics.step_fractions()["autocorrelations"] == 0


def test_shares_by_antenna_channel_time_and_length() -> None:
    noise = make_noise(antennas=4, times=4, channels=8)
    codes = no_flags(noise)
    codes[:, 3] = Step.SEARCH
    codes[noise.of_antenna(1)] = Step.MAD
    statistics = counted(noise, codes)
    _, by_antenna = statistics.antenna.shares()
    _, by_channel = statistics.frequency.shares()
    _, by_time = statistics.time.shares()
    lengths, by_length = statistics.length.shares()
    assert by_antenna[1] == 1
    assert by_channel[3] == 1
    assert by_channel[2] == pytest.approx(0.5)  # 3 of 6 baselines have antenna 1
    assert np.ptp(by_time) == 0
    assert lengths.size == 3
    assert by_length[0] == pytest.approx((2 + 1 / 8) / 3)  # of 0-1, 1-2, 2-3 two have antenna 1
    assert statistics.fraction == pytest.approx(1 - 7 / 8 * 0.5)
    shares = statistics.step_fractions()
    assert shares["MAD clip"] == pytest.approx(0.5)
    assert shares["MAD clip"] + shares["search"] == pytest.approx(statistics.fraction)


def test_windows_are_joined() -> None:
    statistics = Statistics()
    for number, step in enumerate((Step.SEARCH, Step.GOOD)):
        noise = make_noise(seed=number)
        counted(noise, np.full(noise.block.data.shape, step, np.uint8), statistics)
    assert statistics.fraction == pytest.approx(0.5)
    assert len(statistics.kurtosis) == 2


def test_an_empty_tally_has_no_shares() -> None:
    keys, shares = Tally().shares()
    assert keys.size == shares.size == 0


def test_figures_are_written(tmp_path: Path) -> None:
    noise = make_noise(antennas=5)
    statistics = counted(noise, no_flags(noise), Statistics(dead={3}))
    (figure,) = write_figures(statistics, [f"A{n}" for n in range(5)], tmp_path)
    assert (tmp_path / "flags.png").read_bytes().startswith(b"\x89PNG")
    assert "by antenna" in figure["caption"]
