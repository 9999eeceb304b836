"""LED and pedestal runs: truth is found, bad towers are named, memory does not grow with the run."""

import tracemalloc
from datetime import UTC, datetime

import h5py
import numpy as np
import pytest

from dsa_hcal_assets.hcal.analysis_runs.led import analyse_led
from dsa_hcal_assets.hcal.analysis_runs.pedestal import analyse_pedestal
from dsa_hcal_assets.hcal.analysis_runs.run_contents import RunFileMalformed
from dsa_hcal_assets.hcal.analysis_runs.run_file import open_run
from dsa_hcal_assets.settings.runs import RunSettings
from dsa_hcal_assets.simulation.detector_runs.runs import SimulatedRun
from dsa_hcal_assets.simulation.detector_runs.truth import DetectorTruth
from dsa_hcal_assets.simulation.detector_runs.writing import write_run

AT = datetime(2026, 1, 2, tzinfo=UTC)
TRUTH = DetectorTruth(seed=12, dead=3, noisy=4, saturated=5)
SETTINGS = RunSettings(batch_events=64)


@pytest.fixture(scope="module")
def led(tmp_path_factory):
    run = SimulatedRun(TRUTH, 1, "led", AT, events=384, samples=26)
    with open_run(write_run(tmp_path_factory.mktemp("led"), run)) as file:
        return analyse_led(file, SETTINGS)


@pytest.fixture(scope="module")
def pedestal(tmp_path_factory):
    run = SimulatedRun(TRUTH, 2, "pedestal", AT, events=192, samples=12)
    with open_run(write_run(tmp_path_factory.mktemp("pedestal"), run, "root")) as file:
        return analyse_pedestal(file, SETTINGS)


@pytest.fixture(scope="module")
def good():
    return ~np.isin(np.arange(3072), np.concatenate(list(TRUTH.bad.values())))


@pytest.mark.parametrize("word", ["dead", "noisy", "saturated"])
def test_bad_towers_of_an_led_run_are_found_and_no_others(led, word):
    assert np.flatnonzero(led.status(SETTINGS) == word).tolist() == TRUTH.bad[word].tolist()


@pytest.mark.parametrize("word", ["dead", "noisy"])
def test_bad_towers_of_a_pedestal_run_are_found_and_no_others(pedestal, word):
    assert np.flatnonzero(pedestal.status(SETTINGS) == word).tolist() == TRUTH.bad[word].tolist()


def test_events_without_light_are_left_out(led, good):
    missed = led.pulses.outliers[good]
    assert np.median(missed) == pytest.approx(0.01, abs=0.01)
    assert (led.pulses.std[good] / led.pulses.mean[good]).mean() == pytest.approx(0.02, rel=0.1)


def test_pedestals_and_noise_are_those_of_the_towers(pedestal, led, good):
    pull = (pedestal.samples.mean - TRUTH.pedestal)[good] / pedestal.events.error[good]
    assert abs(pull.mean()) < 0.1
    assert pull.std() == pytest.approx(1, abs=0.1)
    noise = np.sqrt(TRUTH.noise**2 + 0.6**2 + 1 / 12)  # the baseline moves, counts are whole
    assert np.median((pedestal.samples.std / noise)[good]) == pytest.approx(1, abs=0.03)
    assert np.abs(led.pedestal_mean - TRUTH.pedestal)[good].max() < 0.5


def test_the_uncertainty_of_a_pedestal_knows_that_samples_of_an_event_move_together(pedestal, good):
    independent = pedestal.samples.std / np.sqrt(192 * 12)
    assert np.median(pedestal.events.error[good] / independent[good]) > 1.3


def test_light_that_changes_during_the_run_is_unstable(tmp_path):
    first = SimulatedRun(TRUTH, 3, "led", AT, events=256, contents="amplitudes", detectors=(0,))
    path = write_run(tmp_path, first)
    with h5py.File(path, "r+") as file:
        file["amplitudes"][:] *= np.linspace(0.9, 1.1, 256, dtype=np.float32)[:, None]
    with open_run(path) as file:
        status = analyse_led(file, RunSettings(batch_events=32)).status(SETTINGS)
    assert (status == "unstable").mean() > 0.99


def test_values_that_are_not_finite_are_no_pulses(tmp_path):
    path = write_run(
        tmp_path, SimulatedRun(TRUTH, 4, "led", AT, events=64, contents="amplitudes", detectors=(0,))
    )
    with h5py.File(path, "r+") as file:
        file["amplitudes"][:32, 7] = np.nan
        file["amplitudes"][32:, 7] = np.inf
    with open_run(path) as file:
        found = analyse_led(file, SETTINGS)
    assert found.pulses.n[7] == 0
    assert found.saturated[7] == 0
    assert found.status(SETTINGS)[7] == "dead"


def test_waveforms_without_room_for_a_pulse_are_refused(tmp_path):
    run = SimulatedRun(TRUTH, 5, "led", AT, events=8, samples=8, detectors=(0,))
    with (
        open_run(write_run(tmp_path, run)) as file,
        pytest.raises(RunFileMalformed, match="too short for a pulse"),
    ):
        analyse_led(file, SETTINGS)


def test_memory_does_not_grow_with_the_run(tmp_path):
    peaks = []
    for events in (128, 512):
        path = tmp_path / f"{events}.h5"
        run = SimulatedRun(TRUTH, 6, "led", AT, events=64, samples=12, detectors=(0,))
        [block] = run.blocks()
        write_run(tmp_path, run).rename(path)
        with h5py.File(path, "r+") as file:
            del file["waveforms"]
            file["waveforms"] = np.tile(block, (events // 64, 1, 1))
        tracemalloc.start()
        with open_run(path) as opened:
            analyse_led(opened, SETTINGS)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]
