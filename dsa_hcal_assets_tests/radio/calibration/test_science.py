"""Science acceptance of calibration: published flux densities and injected gains come out again."""

from pathlib import Path

import numpy as np
import pytest

from dsa_hcal_assets.quality.judging import judge
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.quality.verdicts import Level, Metric
from dsa_hcal_assets.radio.calibration.description import SetDescription
from dsa_hcal_assets.radio.calibration.fields import span
from dsa_hcal_assets.radio.calibration.gain_curves import read_curves
from dsa_hcal_assets.radio.calibration.solutions import read_solutions
from dsa_hcal_assets.radio.flagging.visibilities import antenna_names
from dsa_hcal_assets.simulation.uvh5.group import GroupSetup
from dsa_hcal_assets_tests.radio.conftest import Chain, Metrics, simulated

pytestmark = [pytest.mark.radio, pytest.mark.timeout(600)]

# NRAO's reduction of this data set (CASA regression script ngc5921_regression.py and the CASA
# guide/AIPS++ tutorial "NGC 5921: VLA HI spectral line", fluxscale's log in the script):
#   "1331+30500002_0 spwid=0 [I=14.76, ...] Jy, (Perley-Taylor 99)"
#   "Flux density for 1445+09900002_0 in SpW=0 is: 2.48576 +/- 0.00123122"
PUBLISHED_JY = 2.48576
PUBLISHED_3C286_JY = 14.76
# The same on the scale of Perley and Butler 2017 (ApJS 230, 7): flux transfer is a ratio, so it
# scales with 3C286: log S = 1.2481 - 0.4507 x - 0.1798 x^2 + 0.0357 x^3, x = log10(1.4134 GHz)
X = np.log10(1.413422)
SCALE_JY = 10 ** (1.2481 - 0.4507 * X - 0.1798 * X**2 + 0.0357 * X**3)
EXPECTED_JY = PUBLISHED_JY * SCALE_JY / PUBLISHED_3C286_JY
# NRAO's CASA guide "NGC 5921: red-shifted HI emission 6.5.2" of the same data, on a current scale:
# "the phase calibrator scaled to 2.521 +- 0.002 Jy"
GUIDE_JY = 2.521


class TestRealObservation:
    """NGC 5921 with the VLA: flux scale from 3C286, transferred to 1445+099."""

    def test_the_flux_of_1445_agrees_with_the_published_one(self, vla: Chain) -> None:
        fluxes = {one["field"]: one for one in vla.solutions["set"]["flux_densities"]}
        found = next(one for name, one in fluxes.items() if name.startswith("1445+099"))
        assert found["origin"] == "transfer"
        # much better than the 3 % asked: the same data, solved with other channels and intervals
        assert found["jy"] == pytest.approx(EXPECTED_JY, rel=0.005)
        assert found["jy"] == pytest.approx(GUIDE_JY, rel=0.005)

    def test_the_flux_scale_is_perley_butler_2017(self, vla: Chain) -> None:
        found = next(
            one for one in vla.solutions["set"]["flux_densities"] if one["field"].startswith("1331+305")
        )
        assert found["origin"] == "Perley-Butler 2017"
        assert found["jy"] == pytest.approx(SCALE_JY, rel=1e-3)

    def test_the_calibrators_come_out_at_their_flux_density(self, vla: Chain, metrics: Metrics) -> None:
        assert metrics(vla.applied)["amplitude_ratio"] == pytest.approx(1, abs=0.005)

    def test_every_stage_passes_its_limits(self, vla: Chain) -> None:
        limits = Thresholds.load(environ={})
        stages = {"flags": vla.flags, "calibration_tables": vla.solutions, "calibrated_ms": vla.applied}
        for stage, result in stages.items():
            verdicts = judge(stage, [Metric(**one) for one in result["metrics"]], limits, "vla")
            assert {v.metric: v.level for v in verdicts if v.level is not Level.PASS} == {}

    def test_the_bandpass_is_smooth(self, vla: Chain, metrics: Metrics) -> None:
        """Neighbouring channels differ by their noise, 0.4 %, and nothing else."""
        found = metrics(vla.solutions)
        assert found["bandpass_roughness"] < 0.005
        assert found["bandpass_roughness"] * found["bandpass_snr"] == pytest.approx(1, abs=0.4)

    def test_the_set_holds_during_the_observation(self, vla: Chain) -> None:
        described = SetDescription.load(vla.home / "tables")
        when = span(vla.ms)
        assert [one.kind for one in described.tables_at(when.middle)] == ["bandpass", "gain"]

    def test_the_published_set_was_not_altered(self, vla: Chain) -> None:
        from casacore.tables import table

        _ = vla.applied
        with table(str(vla.ms), ack=False) as main:
            assert not {"MODEL_DATA", "CORRECTED_DATA"} & set(main.colnames())
            assert not main.getcol("FLAG").any()


class TestSimulatedDrift:
    """A drift scan over 3C147 whose gains are known."""

    def test_gains_agree_with_the_injected_ones(self, drift: Chain) -> None:
        """Amplitudes to 1 %, phases to 1 deg rms, relative to the reference antenna.

        CASA's gains are the complex conjugates of those of the UVH5 convention.
        """
        _ = drift.solutions
        amplitude, phase = _errors(drift)
        assert np.median(amplitude) == pytest.approx(1, abs=0.002)
        assert np.std(amplitude) < 0.01
        assert np.degrees(np.sqrt(np.mean(phase**2))) < 1.0

    def test_every_antenna_is_right_in_every_integration(self, drift: Chain) -> None:
        """The gains as they are applied, against the injected ones with their drift: each antenna alone."""
        amplitude, phase = _applied_errors(drift)
        assert np.abs(amplitude.mean(axis=(0, 1)) - 1).max() < 0.01
        assert np.sqrt(((amplitude - 1) ** 2).mean(axis=(0, 1))).max() < 0.01
        assert np.degrees(np.sqrt((phase**2).mean(axis=1))).max() < 1.0

    def test_no_antenna_is_lost_to_its_delay(self, drift: Chain, metrics: Metrics) -> None:
        """Delays turn the phase by some turns over the band; the pre-bandpass solve must not mind."""
        found = metrics(drift.solutions)
        assert found["largest_delay"] > 5
        assert found["antennas_lost_fraction"] == 0
        assert found["bandpass_flagged_fraction"] < 0.01

    def test_the_correlator_scale_is_found(self, drift: Chain) -> None:
        assert drift.solutions["set"]["amplitude_factor"] == pytest.approx(200, rel=0.05)

    def test_every_stage_passes_its_limits(self, drift: Chain) -> None:
        limits = Thresholds.load(environ={})
        stages = {"flags": drift.flags, "calibration_tables": drift.solutions, "calibrated_ms": drift.applied}
        for stage, result in stages.items():
            verdicts = judge(stage, [Metric(**one) for one in result["metrics"]], limits, "dsa110")
            assert {v.metric: v.level for v in verdicts if v.level is not Level.PASS} == {}

    def test_the_reference_antenna_is_the_first_of_the_profile_that_is_there(self, drift: Chain) -> None:
        stations = {str(number) for number in drift.arrays["stations"]}
        order = drift.profile["calibration"]["reference_antennas"]
        assert drift.solutions["set"]["reference_antenna"] == next(name for name in order if name in stations)

    def test_the_sources_beside_the_calibrator_were_found(self, drift: Chain) -> None:
        found = drift.solutions["neighbours"]
        for one in drift.truth["sources"][1:]:
            distance = min(
                np.hypot(
                    (one["ra_deg"] - n["ra_deg"]) * np.cos(np.radians(50)), one["dec_deg"] - n["dec_deg"]
                )
                for n in found
            )
            assert distance * 3600 < 10


@pytest.mark.verify
def test_a_window_for_each_subband_is_solved_as_well(
    tmp_path_factory: pytest.TempPathFactory, metrics: Metrics
) -> None:
    """Sixteen windows: bandpass and gain by window, short gains over all of them together."""
    chain = simulated(
        tmp_path_factory.mktemp("windows"),
        GroupSetup(),
        layout="per-subband",
        **{"calibration.field_model": False},
    )
    assert len(read_solutions(chain.home / "tables" / "bandpass.cal") if chain.solutions else []) == 16
    found = metrics(chain.solutions)
    assert found["gain_flagged_fraction"] == 0
    assert found["gain_snr"] > 30
    assert metrics(chain.applied)["flagged_fraction"] < 0.01
    assert metrics(chain.applied)["amplitude_ratio"] == pytest.approx(1, abs=0.1)


def _errors(drift: Chain) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Amplitude ratios and phase differences (rad) of the solved gains to the injected ones."""
    tables = Path(drift.home / "tables")
    bandpass, gain = (read_solutions(tables / name)[0] for name in ("bandpass.cal", "gain.cal"))
    short = read_solutions(tables / "short_gain.cal")[0]
    truth = _injected(drift)
    solved = np.full(truth.shape, np.nan, dtype=complex)
    for row, number in enumerate(_numbers(drift)):
        slow = bandpass.good[bandpass.antenna == number][0] * gain.good[gain.antenna == number][0, 0]
        mean = _middle(short.good[short.antenna == number][:, 0])
        solved[row] = slow * mean
    ratio = _referred(drift, solved / truth)
    ratio = ratio[np.isfinite(ratio)]
    return np.abs(ratio), np.angle(ratio)


def _applied_errors(drift: Chain) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """The same of the gains that are applied: shape (integration, channel, antenna x feed)."""
    from casacore.tables import table

    _ = drift.solutions
    described = SetDescription.load(drift.home / "tables")
    with table(str(drift.ms), ack=False) as main:
        times = np.unique(main.getcol("TIME"))
    with table(str(drift.ms / "ANTENNA"), ack=False) as antennas:
        count = antennas.nrows()
    curves = read_curves(
        drift.home / "tables", described.tables, window=0, antennas=count, times=times,
        frequency_hz=np.sort(drift.arrays["frequencies_hz"]),
    )  # fmt: skip
    numbers = _numbers(drift)
    solved = curves.course[:, numbers, None] * curves.spectrum[numbers]
    truth = _injected(drift) * np.conj(drift.arrays["drift"])[:, :, None]
    ratio = np.stack([_referred(drift, one) for one in solved / truth]).swapaxes(1, 2)
    assert np.isfinite(ratio).all()
    ratio = ratio.reshape(*ratio.shape[:2], -1)
    return np.abs(ratio), np.angle(ratio)


def _injected(drift: Chain) -> np.ndarray:  # type: ignore[type-arg]
    """Injected gains at mid-time in CASA's convention, shape (antenna, channel, feed)."""
    order = np.argsort(drift.arrays["frequencies_hz"])
    return np.asarray(np.conj(drift.arrays["gains"])[:, :, order].swapaxes(1, 2))


def _numbers(drift: Chain) -> list[int]:
    """Antenna numbers in the Measurement Set, in the order of the truth."""
    names = antenna_names(drift.ms)
    return [names.index(str(number)) for number in drift.arrays["stations"]]


def _referred(drift: Chain, ratio: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """Turn phases so that those of the reference antenna are zero; antennas first."""
    stations = [str(number) for number in drift.arrays["stations"]]
    reference = stations.index(drift.solutions["set"]["reference_antenna"])
    return np.asarray(ratio * np.exp(-1j * np.angle(ratio[reference]))[None])


def _middle(series: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """Gain at mid-time from one in short intervals: mean amplitude, mean of the unwrapped phases."""
    phase = np.unwrap(np.angle(series), axis=0).mean(axis=0)
    return np.asarray(np.abs(series).mean(axis=0) * np.exp(1j * phase))
