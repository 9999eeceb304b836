"""Gain corrections recover injected drift and temperature response within their stated uncertainty."""

import numpy as np
import pytest

from dsa_hcal_assets.hcal.corrections import correcting
from dsa_hcal_assets.hcal.corrections.combining import Status
from dsa_hcal_assets.simulation.detector_runs.truth import DetectorTruth
from dsa_hcal_assets_tests.hcal.corrections.conftest import DAY, HOUR, REFERENCE_AT, RUN_AT, UNREAD
from dsa_hcal_assets_tests.hcal.corrections.detector import SETTINGS, Detector


@pytest.fixture(scope="module")
def corrected(aged):
    return correcting.correct_day(aged.database, DAY.date(), SETTINGS).rows


def pulls(rows, detector, reference=REFERENCE_AT):
    """(found - true) / stated uncertainty of every tower with a correction, interval by interval."""
    for (first, last), part in rows.groupby(["valid_from", "valid_until"]):
        true = detector.corrections(first.to_pydatetime(), last.to_pydatetime(), reference)
        pull = (part["gain"].to_numpy() - true[part["tower_id"]]) / part["gain_error"].to_numpy()
        yield first, pull[part["gain"].notna()]


def test_all_towers_but_the_bad_ones_have_a_correction(aged, corrected):
    lost = corrected[corrected["gain"].isna()]
    assert set(lost["tower_id"]) == {*aged.truth.bad["dead"], *aged.truth.bad["saturated"]}
    assert (lost["status"] & int(Status.NO_LED)).all()


def test_drift_light_temperature_and_bias_together(aged, corrected):
    by_interval = dict(pulls(corrected, aged))
    assert len(by_interval) == 4
    for pull in by_interval.values():
        assert len(pull) == 3072 - aged.truth.dead - aged.truth.saturated
        assert abs(pull.mean()) < 0.3  # the towers drift together between the run and the interval
        assert 0.85 < pull.std() < 1.15
    nearest = min(by_interval, key=lambda first: abs(first + 3 * HOUR - RUN_AT))
    assert abs(by_interval[nearest].mean()) < 0.25
    assert 0.93 < by_interval[nearest].std() < 1.07


def test_what_is_corrected_is_far_larger_than_the_uncertainty(aged, corrected):
    found = corrected.dropna(subset="gain")
    assert found["gain"].std() > 3 * found["gain_error"].median()
    assert found["gain_error"].median() / found["gain"].median() < 0.004


def test_the_drift_alone_is_that_of_the_towers(database, tmp_path):
    steady = Detector(DetectorTruth(seed=8, bias_step=0.0, day_night=0.0), database, tmp_path)
    for number, at in ((1, REFERENCE_AT), (2, RUN_AT)):
        steady.record(at - HOUR, at + HOUR)
        steady.take_led_run(number, at)
    rows = correcting.correct_day(database, DAY.date(), SETTINGS).rows.iloc[:3072]
    known = rows["drift"].notna().to_numpy()
    true = (steady.truth.drift(RUN_AT) / steady.truth.drift(REFERENCE_AT))[known]
    pull = (rows["drift"][known] - true) / rows["drift_error"][known]
    assert abs(pull.mean()) < 0.3  # the light of an event jitters for all towers together
    assert pull.std() == pytest.approx(1, abs=0.08)
    assert np.median(rows["drift"][known]) == pytest.approx(1 - 10 * 5e-4, abs=1e-3)


def test_temperature_alone_from_the_reference_run_itself(database, tmp_path):
    warm = Detector(DetectorTruth(seed=9, drift_per_day=0, drift_scatter=0, bias_step=0), database, tmp_path)
    warm.record(REFERENCE_AT - 6 * HOUR, REFERENCE_AT + 18 * HOUR)
    warm.take_led_run(1, REFERENCE_AT)
    settings = SETTINGS.model_copy(update={"drift_per_day": 0.0})
    rows = correcting.correct_day(database, REFERENCE_AT.date(), settings).rows
    assert (rows["drift"].dropna() == 1).all()
    for _, pull in pulls(rows, warm):
        assert abs(pull.mean()) < 0.1
        assert 0.9 < pull.std() < 1.1


def test_without_the_response_to_temperature_the_uncertainty_would_be_wrong(aged):
    blind = {"temperature_coefficient_ohcal": 0.0, "temperature_coefficient_ihcal": 0.0}
    rows = correcting.correct_day(aged.database, DAY.date(), SETTINGS.model_copy(update=blind)).rows
    assert all(np.sqrt((pull**2).mean()) > 3 for _, pull in pulls(rows, aged))


def test_without_diodes_the_light_is_unknown_and_the_uncertainty_says_so(database, tmp_path):
    blind = Detector(DetectorTruth(seed=10), database, tmp_path)
    for number, at in ((1, REFERENCE_AT), (2, RUN_AT)):
        blind.record(at - HOUR, at + HOUR)
        blind.take_led_run(number, at, with_light=False)
    settings = SETTINGS.model_copy(update={"light_error_without_diodes": 0.05})
    rows = correcting.correct_day(database, DAY.date(), settings).rows
    known = rows[rows["valid_from"] == DAY + 6 * HOUR].dropna(subset="gain")
    assert (known["status"] == int(Status.NO_DIODE)).all()
    true = blind.corrections(DAY + 6 * HOUR, DAY + 12 * HOUR, REFERENCE_AT)[known["tower_id"]]
    light = (blind.truth.light(RUN_AT) / blind.truth.light(REFERENCE_AT)).mean()
    assert (known["gain"] / true).mean() == pytest.approx(1 / light, abs=0.005)
    assert (abs(known["gain"] - true) < 3 * known["gain_error"]).all()


def test_a_tower_without_temperatures_takes_those_of_its_half_sector(aged, corrected):
    tower = corrected[corrected["tower_id"] == UNREAD]
    others = corrected[(corrected["tower_id"] != UNREAD) & (corrected["status"] == 0)]
    assert (tower["status"] == int(Status.TEMPERATURE_BORROWED)).all()
    assert tower["gain_error"].min() > others["gain_error"].median()
    for first, part in tower.groupby("valid_from"):
        true = aged.corrections(first.to_pydatetime(), (first + 6 * HOUR).to_pydatetime(), REFERENCE_AT)
        assert abs(part["gain"].iloc[0] - true[UNREAD]) < 4 * part["gain_error"].iloc[0]


def test_the_spread_within_an_interval_is_that_of_the_gain(aged, corrected):
    first = sorted(set(corrected["valid_from"]))[1]  # the temperature moves most
    part = corrected[(corrected["valid_from"] == first) & (corrected["status"] == 0)]
    moments = [first.to_pydatetime() + number * HOUR / 4 for number in range(24)]
    gains = np.stack([aged.truth.gain(moment) for moment in moments])
    true = (gains.std(axis=0) / gains.mean(axis=0))[part["tower_id"]]
    assert np.median(part["spread"] / true) == pytest.approx(1, abs=0.15)
