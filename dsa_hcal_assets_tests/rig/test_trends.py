"""Any span of the rig's readings in few points, and no spike is lost on the way."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from dsa_hcal_assets.rig import readers, trends
from dsa_hcal_assets_tests.rig.stored_days import DAYS, START, store_day, store_days


@pytest.fixture
def readings(database):
    return store_days(database)


def expected(readings, step):
    """What a trend of `step` holds, computed from the readings."""
    first = pd.Timestamp(START)
    bins = ((readings["timestamp"] - first) // step).to_numpy()
    groups = readings.assign(
        red=readings["temperature_alert"] == "red", yellow=readings["pressure_alert"] == "yellow"
    ).groupby(bins)
    return groups.agg(
        n=("uptime", "size"),
        temperature_mean=("temperature", "mean"),
        temperature_max=("temperature", "max"),
        pressure_min=("pressure", "min"),
        pressure_mean=("pressure", "mean"),
        uptime=("uptime", "max"),
        temperature_red=("red", "sum"),
        pressure_yellow=("yellow", "sum"),
    )


def read(database, most_points, start=START, end=START + timedelta(days=DAYS)):
    return trends.read(database, start, end, most_points)


def test_few_readings_are_told_one_by_one(database, readings):
    trend = read(database, 1000)
    assert (trend.step, trend.readings) == (None, len(readings))
    np.testing.assert_array_equal(trend.times, readings["timestamp"].dt.tz_localize(None).to_numpy())
    np.testing.assert_array_equal(trend.points["pressure_max"], readings["pressure"])


@pytest.mark.parametrize(
    ("most_points", "step"),
    [(200, timedelta(seconds=1296)), (40, timedelta(hours=2)), (1, timedelta(days=3))],
)
def test_many_become_means_and_extremes_of_equal_steps(database, readings, most_points, step):
    trend = read(database, most_points)
    wanted = expected(readings, step)
    assert trend.step == step
    assert len(trend.points) == len(wanted) <= most_points
    for name in wanted:
        np.testing.assert_allclose(trend.points[name], wanted[name], rtol=1e-12)
    assert trend.points["temperature_max"].max() == 120.0


def test_hours_say_the_same_as_the_readings(database, readings, monkeypatch):
    some = read(database, 36)
    monkeypatch.setattr(trends, "HOUR", timedelta(days=365))  # then every span is read by readings
    same = read(database, 36)
    for name in same.points.dtype.names:
        np.testing.assert_allclose(some.points[name], same.points[name], rtol=1e-12)


def test_too_many_readings_for_short_steps_are_read_from_the_hours(database, readings, monkeypatch):
    monkeypatch.setattr(trends, "MOST_ROWS", 100)
    start, end = START + timedelta(minutes=90), START + timedelta(hours=30, minutes=6)
    trend = read(database, 50, start, end)
    assert trend.step == timedelta(hours=1)
    assert (trend.start, trend.end) == (START + timedelta(hours=1), START + timedelta(hours=31))
    assert trend.readings == 300


def test_a_day_cleaned_again_replaces_its_hours(database, readings):
    store_day(database, START, readings[:120])
    assert read(database, 3).readings == len(readings) - 120


def test_a_span_without_readings_has_no_points(database, readings):
    later = START + timedelta(days=40)
    assert len(read(database, 10, later, later + timedelta(days=1)).points) == 0


def test_a_span_that_ends_before_it_starts_is_refused(database):
    with pytest.raises(ValueError, match="after its start"):
        read(database, 10, START, START)


def test_the_summary_weighs_days_by_their_readings(database, readings):
    store_day(database, START, readings[:60])
    kept = readings.drop(range(60, 240))
    summary = readers.summary(database)
    assert (summary.days, summary.first_day, summary.last_day) == (3, date(2025, 6, 5), date(2025, 6, 7))
    assert summary.avg_temp == pytest.approx(kept["temperature"].mean())
    assert summary.kept_records == readers.record_count(database) == len(kept)
    assert summary.data_quality_score == 100
    assert readers.newest_day(database) == date(2025, 6, 7)


def test_without_days_there_is_no_summary(database):
    assert readers.summary(database) is None
    assert readers.newest_day(database) is None
