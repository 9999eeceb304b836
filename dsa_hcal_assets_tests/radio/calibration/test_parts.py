"""Choosing fields and the reference antenna, describing sets, judging solutions, predicting models."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.calibration import solutions as judge
from dsa_hcal_assets.radio.calibration.description import SetDescription, window_around
from dsa_hcal_assets.radio.calibration.field_model import have_settled
from dsa_hcal_assets.radio.calibration.fields import NoCalibrator, assign, fields_with_data, span
from dsa_hcal_assets.radio.calibration.figures import write_figures
from dsa_hcal_assets.radio.calibration.prediction import direction_cosines, predict
from dsa_hcal_assets.radio.calibration.reference import Antenna, choose_reference
from dsa_hcal_assets.radio.calibration.solutions import Solutions, read_solutions
from dsa_hcal_assets.radio.calibration.standards import Calibrator, load_standards
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets_tests.radio.calibration.test_registry import described
from dsa_hcal_assets_tests.radio.conftest import Chain


def antenna(number: int, name: str, x: float, good: float = 1.0) -> Antenna:
    return Antenna(number, name, (x, 0.0, 0.0), good)


class TestReference:
    three = (antenna(0, "pad7", -100), antenna(1, "pad104", 900), antenna(2, "pad9", 0))

    def test_the_first_of_the_profiles_order_that_is_there(self) -> None:
        assert choose_reference(self.three, ["103", "104"]).name == "pad104"

    def test_an_unhealthy_one_is_passed_over(self) -> None:
        ill = (*self.three[:1], antenna(1, "pad104", 900, good=0.5), self.three[2])
        assert choose_reference(ill, ["104", "7"]).name == "pad7"

    def test_without_an_order_the_most_central(self) -> None:
        assert choose_reference(self.three).name == "pad9"

    def test_without_data_there_is_none(self) -> None:
        with pytest.raises(BadInput, match="no antenna has unflagged data"):
            choose_reference([])


class TestDescription:
    def test_it_comes_back_as_it_was(self, tmp_path: Path) -> None:
        (tmp_path / "bandpass.cal").mkdir()
        (tmp_path / "bandpass.cal" / "table.dat").touch()
        mine = described()
        mine.save(tmp_path)
        assert SetDescription.load(tmp_path) == mine

    def test_a_missing_table_is_named(self, tmp_path: Path) -> None:
        described().save(tmp_path)
        with pytest.raises(BadInput, match=r"lacks bandpass.cal"):
            SetDescription.load(tmp_path)

    @pytest.mark.parametrize("content", ["", "{}", '{"profile": 3}'])
    def test_a_damaged_one_is_refused(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "set.json").write_text(content)
        with pytest.raises(BadInput, match="retire the set"):
            SetDescription.load(tmp_path)

    def test_a_range_covers_the_observation_itself(self) -> None:
        noon, hour = datetime(2025, 6, 5, 12, tzinfo=UTC), timedelta(hours=1)
        assert window_around(noon, 1, [noon - 3 * hour]) == (noon - 3 * hour, noon + hour)


def noise_solutions(antennas: int = 5, times: int = 6, flagged: tuple[int, ...] = ()) -> Solutions:
    rng = np.random.default_rng(1)
    count = antennas * times
    values = 2 + 0.02 * (rng.normal(size=(count, 8, 2)) + 1j * rng.normal(size=(count, 8, 2)))
    number = np.tile(np.arange(antennas), times).astype(np.int32)
    flag = np.zeros(values.shape, dtype=bool)
    flag[np.isin(number, flagged)] = True
    zeros = np.zeros(count, dtype=np.int32)
    time = np.repeat(np.arange(times) * 60.0, antennas)
    return Solutions(
        values, flag, np.full(values.shape, 50.0), number, zeros, zeros, time, 1e9 + 1e6 * np.arange(8)
    )


class TestJudgement:
    def test_lost_antennas_and_flagged_share(self) -> None:
        windows = [noise_solutions(flagged=(3,))]
        assert judge.lost_antennas(windows, range(5)) == [3]
        assert judge.flagged_fraction(windows, range(5)) == pytest.approx(0.2)
        assert judge.flagged_fraction(windows, [0, 1, 2, 4]) == 0

    def test_an_antenna_with_data_but_without_a_row_counts_as_flagged(self) -> None:
        assert judge.flagged_fraction([noise_solutions()], range(6)) == pytest.approx(1 / 6)
        assert judge.lost_antennas([noise_solutions()], range(6)) == [5]

    def test_a_channel_nobody_solved_does_not_count(self) -> None:
        windows = noise_solutions()
        windows.flag[:, 0] = True
        assert judge.flagged_fraction([windows], range(5)) == 0

    def test_scatter_is_that_of_the_noise(self) -> None:
        amplitude, phase = judge.gain_scatter([noise_solutions(40, 20)])
        assert amplitude == pytest.approx(0.01, rel=0.15)
        assert phase == pytest.approx(np.degrees(0.01), rel=0.15)
        assert judge.bandpass_roughness([noise_solutions(40, 20)]) == pytest.approx(0.01, rel=0.15)

    def test_a_steady_drift_of_phase_is_not_scatter(self) -> None:
        drifting = noise_solutions(10, 20)
        drifting.values[:] *= np.exp(1j * drifting.time / 100)[:, None, None]
        assert judge.gain_scatter([drifting])[1] < 1

    def test_figures_are_drawn_without_the_lost(self, tmp_path: Path) -> None:
        windows = [noise_solutions(flagged=(3,))]
        found = write_figures(windows, windows, [f"A{n}" for n in range(5)], tmp_path)
        assert [Path(one["path"]).name for one in found] == [
            "bandpass.png",
            "bandpass_map.png",
            "gain_map.png",
        ]

    def test_what_is_no_caltable_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="cannot be read"):
            read_solutions(tmp_path)


class TestFieldModel:
    def source(self, jy: float, name: str = "F0.1") -> Calibrator:
        return Calibrator.of_power_law(name, 10, 20, jy, -0.7)

    def test_settled_is_every_source_again_with_its_flux_density(self) -> None:
        before = [self.source(1.0), self.source(2.0, "F0.2")]
        assert have_settled(before, [self.source(1.03), self.source(1.95, "F0.2")])
        assert have_settled([], [])

    def test_another_flux_density_is_not_settled(self) -> None:
        assert not have_settled([self.source(1.0)], [self.source(1.08)])

    def test_a_source_that_was_dropped_is_not_settled(self) -> None:
        assert not have_settled([self.source(1.0), self.source(2.0, "F0.2")], [self.source(1.0)])

    def test_the_first_round_has_nothing_to_compare_with(self) -> None:
        assert not have_settled([], [self.source(1.0)])


class TestPrediction:
    def test_a_source_at_the_centre_is_real_and_flat(self) -> None:
        source = Calibrator.of_power_law("x", 10, 20, 3.0, 0.0)
        found = predict(
            np.random.default_rng(1).normal(0, 1e3, (50, 3)), np.array([1.4e9]), (10, 20), [source]
        )
        assert np.allclose(found, 3.0)

    def test_direction_cosines_keep_their_precision_near_the_centre(self) -> None:
        east, north, depth = direction_cosines(10, 20 + 1e-4, 10, 20)
        assert (east, north) == pytest.approx((0, np.radians(1e-4)))
        assert depth == pytest.approx(-(np.radians(1e-4) ** 2) / 2, rel=1e-6)

    @pytest.mark.radio
    def test_the_sign_is_that_of_the_data(self, drift: Chain) -> None:
        """The simulated sky, predicted for the Measurement Set's uvw, is what the calibrated data hold."""
        from casacore.tables import table

        source = next(one for one in drift.truth["sources"] if one["name"] == "S1")
        mine = Calibrator("S1", (), source["ra_deg"], source["dec_deg"], tuple(source["spectrum"]))
        ms = drift.applied["ms"]
        with table(ms, ack=False) as main, table(f"{ms}/SPECTRAL_WINDOW", ack=False) as spectral:
            data, uvw = main.getcol("DATA")[..., 0], main.getcol("UVW")
            keep = (
                ~main.getcol("FLAG")[..., 0] & (main.getcol("ANTENNA1") != main.getcol("ANTENNA2"))[:, None]
            )
            frequency = spectral.getcell("CHAN_FREQ", 0)
        (field,) = fields_with_data(Path(ms))
        model = predict(uvw, frequency, (field.ra_deg, field.dec_deg), [mine])
        rest = data - data[keep].mean()
        slope = (rest[keep] * model[keep].conj()).sum() / (np.abs(model[keep]) ** 2).sum()
        assert slope.real == pytest.approx(0.93, abs=0.1)  # its share through the beam


@pytest.mark.radio
class TestFields:
    def test_the_vla_goes_by_names(self, vla: Chain) -> None:
        roles = assign(vla.ms, load_profiles()["vla"], load_standards())
        assert [(field.name, source.name) for field, source in roles.bandpass] == [
            ("1331+30500002_0", "3C286")
        ]
        assert [field.name for field in roles.gain] == ["1445+09900002_0"]
        assert [field.name for field in roles.targets] == ["N5921_2"]

    def test_the_dsa_goes_by_transit(self, drift: Chain) -> None:
        pointing = drift.truth["declination_deg"]
        roles = assign(drift.ms, load_profiles()["dsa110"], load_standards(), pointing)
        assert [source.name for _, source in roles.bandpass] == ["3C147"]
        assert abs(span(drift.ms).longitude_deg + 118.283) < 0.01

    def test_a_group_without_a_calibrator_says_what_it_holds(self, drift: Chain) -> None:
        with pytest.raises(NoCalibrator, match=r"holds no calibrator.*85.65"):
            assign(drift.ms, load_profiles()["dsa110"], load_standards()[:1], 49.9)
