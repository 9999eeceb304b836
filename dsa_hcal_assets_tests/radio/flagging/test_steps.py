"""Steps that take whole rows or antennas find what they are for, and only that."""

import numpy as np

from dsa_hcal_assets.radio.flagging.steps import Step, dead_antennas, row_steps, scan_start
from dsa_hcal_assets.radio.profiles.processing import Flagging
from dsa_hcal_assets_tests.radio.flagging.windows import make_noise


def test_the_steps_keep_the_order_of_the_operators() -> None:
    order = [
        "conversion", "exact zeros", "edge channels", "scan start", "autocorrelations", "amplitude clip",
        "dead antennas", "search", "MAD clip", "extension",
    ]  # fmt: skip
    assert [step.title for step in sorted(Step)] == ["good", *order]


def test_autocorrelations_are_taken_whole_and_nothing_else() -> None:
    layout = make_noise().layout
    steps = row_steps(layout, Flagging())
    assert (steps[~layout.cross] == Step.AUTOCORRELATIONS).all()
    assert not steps[layout.cross].any()
    assert not row_steps(layout, Flagging(autocorrelations=False)).any()


def test_the_start_of_each_scan_is_taken() -> None:
    layout = make_noise(times=10).layout
    layout.scan[layout.time >= layout.time.min() + 50] = 2
    taken = scan_start(layout, 10.0)
    assert sorted(set(layout.time[taken] - layout.time.min())) == [0.0, 50.0]
    assert not scan_start(layout, 0.0).any()
    assert (row_steps(layout, Flagging(quack_seconds=10))[taken] == Step.SCAN_START).all()


class TestDeadAntennas:
    def test_an_antenna_without_data_is_dead_and_its_partners_are_not(self) -> None:
        noise = make_noise(antennas=6)
        assert dead_antennas(noise.layout, noise.of_antenna(2).astype(float), 0.95) == [2]

    def test_two_dead_antennas_are_both_found(self) -> None:
        noise = make_noise(antennas=6)
        share = (noise.of_antenna(1) | noise.of_antenna(4)).astype(float)
        assert dead_antennas(noise.layout, share, 0.95) == [1, 4]

    def test_a_half_flagged_antenna_lives(self) -> None:
        noise = make_noise(antennas=6)
        assert dead_antennas(noise.layout, 0.5 * noise.of_antenna(2), 0.95) == []

    def test_of_nothing_but_autocorrelations_none_is_dead(self) -> None:
        layout = make_noise(antennas=1).layout
        assert dead_antennas(layout, np.ones(layout.rows.size), 0.95) == []
