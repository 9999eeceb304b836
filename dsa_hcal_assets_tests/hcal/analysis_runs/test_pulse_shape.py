"""The template fit finds pulse heights without bias, whatever the noise, baseline and phase do."""

from datetime import UTC, datetime

import numpy as np
import pytest

from dsa_hcal_assets.hcal.analysis_runs.pulse_shape import learn_shapes
from dsa_hcal_assets.simulation.detector_runs.runs import SimulatedRun
from dsa_hcal_assets.simulation.detector_runs.truth import FULL_SCALE, DetectorTruth

TRUTH = DetectorTruth(seed=6)
AT = datetime(2026, 1, 2, tzinfo=UTC)
LEADING = 6


@pytest.fixture(scope="module")
def run():
    return SimulatedRun(TRUTH, 800, "led", AT, events=192, samples=28, detectors=(0,), misfires=0.0)


@pytest.fixture(scope="module")
def waveforms(run):
    return np.concatenate(list(run.blocks()))


@pytest.fixture(scope="module")
def shapes(waveforms):
    return learn_shapes(waveforms, LEADING, FULL_SCALE)


@pytest.fixture(scope="module")
def good(run):
    bad = np.concatenate(list(TRUTH.bad.values()))
    return ~np.isin(run.tower_id, bad)


def test_heights_are_those_of_the_pulses(run, waveforms, shapes, good):
    found = shapes.heights(waveforms)[:, good].mean(axis=0) / TRUTH.pulse_height(AT)[run.tower_id][good]
    assert np.median(found) == pytest.approx(1, abs=1e-3)
    assert found.std() < 3e-3  # 2 % jitter of 192 pulses, and the phase of the samples


def test_the_highest_sample_would_be_far_off(run, waveforms, good):
    raw = waveforms.max(axis=2) - waveforms[:, :, :LEADING].mean(axis=2)
    found = raw[:, good].mean(axis=0) / TRUTH.pulse_height(AT)[run.tower_id][good]
    assert found.std() > 5e-3


def test_a_dead_tower_has_no_height_and_no_bias(run, shapes, waveforms):
    dead = np.isin(run.tower_id, TRUTH.bad["dead"])
    assert not shapes.own[dead].any()
    assert np.abs(shapes.heights(waveforms)[:, dead].mean(axis=0)) == pytest.approx(0, abs=0.3)


def test_a_common_baseline_does_not_matter(shapes, waveforms):
    shifted = (waveforms + 40).astype(np.uint16)
    assert shapes.heights(shifted) == pytest.approx(shapes.heights(waveforms), abs=0.02)


def test_without_any_light_all_heights_are_zero():
    dark = SimulatedRun(TRUTH, 801, "pedestal", AT, events=64, samples=28, detectors=(0,))
    waveforms = np.concatenate(list(dark.blocks()))
    shapes = learn_shapes(waveforms, LEADING, FULL_SCALE)
    assert not shapes.own.any()
    assert (shapes.heights(waveforms) == 0).all()
