"""The rig's rules, one by one, and what holds for every table."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.rig.cleaning import PROCESSED_COLUMNS, clean
from dsa_hcal_assets.rig.csv_text import processed_text, read_processed
from dsa_hcal_assets.rig.kpis import kpis
from dsa_hcal_assets.settings.rig import RigSettings

START = datetime(2025, 6, 5, tzinfo=UTC)
SETTINGS = RigSettings()


def table(rows) -> pd.DataFrame:
    """Rows of (minute or None, temperature, pressure, uptime)."""
    frame = pd.DataFrame(rows, columns=["timestamp", "temperature", "pressure", "uptime"], dtype="object")
    stamps = [
        pd.NaT if minute is None or minute != minute else START + timedelta(minutes=int(minute))
        for minute in frame["timestamp"]
    ]
    frame["timestamp"] = pd.to_datetime(pd.Series(stamps), utc=True).astype("datetime64[us, UTC]")
    return frame.astype(dict.fromkeys(["temperature", "pressure", "uptime"], "float64"))


def quiet(count: int) -> list[tuple[float, float, float, float]]:
    """Readings around 60 deg C and 1000 kPa with a spread of about one."""
    return [(i, 60 + (-1) ** i, 1000 + (-1) ** i, i / 10) for i in range(count)]


class TestWhatIsKept:
    @pytest.mark.parametrize("column", range(4))
    def test_a_row_with_a_missing_value_goes(self, column):
        row = [30.0, 60.0, 1000.0, 1.0]
        row[column] = None
        result = clean(table([*quiet(4), row]), SETTINGS)
        assert (result.total, result.kept, result.nulls) == (5, 4, 1)

    @pytest.mark.parametrize(
        ("temperature", "pressure", "kept"),
        [
            *((0, 1000, 1), (150, 1000, 1), (60, 800, 1), (60, 1200, 1)),
            *((-0.001, 1000, 0), (150.001, 1000, 0), (60, 799.999, 0), (60, 1200.001, 0), (np.inf, 1000, 0)),
        ],
    )
    def test_the_physical_range_includes_its_ends(self, temperature, pressure, kept):
        result = clean(table([(0, temperature, pressure, 1)]), SETTINGS)
        assert (result.kept, result.out_of_range) == (kept, 1 - kept)

    def test_of_one_time_stamp_the_first_good_row_stays(self):
        rows = [(0, None, 1000, 0), (0, 999, 1000, 0), (0, 61, 1000, 0), (0, 62, 1000, 0)]
        result = clean(table(rows), SETTINGS)
        assert result.frame["temperature"].tolist() == [61]
        assert (result.nulls, result.out_of_range, result.duplicates) == (1, 1, 1)

    def test_the_result_is_in_time_order(self):
        assert clean(table(quiet(5)[::-1]), SETTINGS).frame["timestamp"].is_monotonic_increasing


class TestAlerts:
    def alerts(self, row, settings=SETTINGS):
        last = clean(table([*quiet(100), (200, *row, 1)]), settings).frame.iloc[-1]
        return last["temperature_alert"], last["pressure_alert"]

    def test_ordinary_readings_raise_none(self):
        assert self.alerts((60, 1000)) == ("none", "none")

    def test_scores_use_the_sample_deviation(self):
        frame = clean(table([(0, 59, 999, 0), (1, 60, 1000, 0), (2, 61, 1001, 0)]), SETTINGS).frame
        assert frame["temperature_zscore"].tolist() == pytest.approx([-1, 0, 1])
        assert frame["pressure_zscore"].tolist() == pytest.approx([-1, 0, 1])

    def test_constant_readings_score_zero(self):
        frame = clean(table([(i, 60.1, 1000.1, 0) for i in range(7)]), SETTINGS).frame
        assert not frame[["temperature_zscore", "pressure_zscore"]].any(axis=None)

    @pytest.mark.parametrize("temperature", [55, 65])
    def test_a_temperature_far_from_the_mean_is_red_either_way(self, temperature):
        assert self.alerts((temperature, 1000))[0] == "red"

    def test_a_pressure_is_yellow_before_it_is_red(self):
        assert [self.alerts((60, pressure))[1] for pressure in (1001.4, 1001.8, 1002.9)] == [
            "none",
            "yellow",
            "red",
        ]

    @pytest.mark.parametrize(
        ("temperature", "pressure", "alerts"),
        [(80, 1100, ("none", "none")), (80.001, 1100, ("red", "none")), (80, 1100.001, ("none", "red"))],
    )
    def test_the_high_thresholds_hold_whatever_the_scores(self, temperature, pressure, alerts):
        frame = clean(table([(i, temperature, pressure, 0) for i in range(3)]), SETTINGS).frame
        assert (frame["temperature_alert"][0], frame["pressure_alert"][0]) == alerts

    @pytest.mark.parametrize(
        ("change", "row", "before", "after"),
        [
            ({"temperature_high": 60.5}, (61, 1000), "none", "red"),
            ({"temperature_zscore": 9.0}, (65, 1000), "red", "none"),
            ({"pressure_high": 1000.5}, (60, 1001), "none", "red"),
            ({"pressure_zscore": 9.0}, (60, 1004), "red", "yellow"),
            ({"pressure_zscore_yellow": 0.5}, (60, 1001), "none", "yellow"),
        ],
    )
    def test_every_threshold_setting_is_read(self, change, row, before, after):
        which = 1 if next(iter(change)).startswith("pressure") else 0
        assert self.alerts(row)[which] == before
        assert self.alerts(row, RigSettings(**change))[which] == after


class TestKpis:
    def test_known_day(self):
        result = clean(
            table([(0, 50, 990, 1), (1, 90, 1010, 2), (2, 999, 1000, 9), (3, None, 1, 1)]), SETTINGS
        )
        figures = kpis(result)
        assert (figures.avg_temp, figures.avg_pressure, figures.uptime_hours) == (70, 1000, 2)
        assert (figures.total_records, figures.data_quality_score, figures.alert_count) == (4, 50, 1)

    def test_a_reading_red_in_both_counts_twice(self):
        assert kpis(clean(table([(0, 90, 1150, 1)]), SETTINGS)).alert_count == 2

    def test_a_day_without_good_readings_has_no_means_and_says_so_in_json(self):
        figures = kpis(clean(table([(0, 999, 1000, 1)]), SETTINGS)).as_json()
        assert figures == {
            "avg_temp": None,
            "avg_pressure": None,
            "alert_count": 0,
            "uptime_hours": None,
            "total_records": 1,
            "data_quality_score": 0.0,
        }

    def test_a_day_without_rows(self):
        figures = kpis(clean(table([]), SETTINGS))
        assert (figures.total_records, figures.as_json()["data_quality_score"]) == (0, None)


MINUTES = st.none() | st.integers(0, 300)
VALUES = st.none() | st.floats(-50, 1300)
ROWS = st.lists(st.tuples(MINUTES, VALUES, VALUES, VALUES), max_size=60)
GOOD = st.lists(
    st.tuples(st.integers(0, 1000), st.floats(0, 150), st.floats(800, 1200), st.floats(0, 24)),
    min_size=1,
    max_size=60,
    unique_by=lambda row: row[0],
)


@settings(deadline=None, max_examples=40)
@given(ROWS)
def test_every_row_is_kept_or_accounted_for(rows):
    frame = table(rows)
    before = frame.copy()
    result = clean(frame, SETTINGS)
    assert result.total == len(rows)
    assert result.total == result.kept + result.nulls + result.out_of_range + result.duplicates
    assert tuple(result.frame.columns) == PROCESSED_COLUMNS
    assert result.frame["timestamp"].is_unique
    assert not result.frame.isna().any(axis=None)
    pd.testing.assert_frame_equal(frame, before)


@settings(deadline=None, max_examples=40)
@given(ROWS)
def test_cleaning_what_is_clean_changes_nothing(rows):
    once = clean(table(rows), SETTINGS)
    pd.testing.assert_frame_equal(clean(once.frame, SETTINGS).frame, once.frame)


@settings(deadline=None, max_examples=40)
@given(GOOD, st.randoms())
def test_the_order_of_delivery_does_not_matter_without_duplicates(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    pd.testing.assert_frame_equal(clean(table(rows), SETTINGS).frame, clean(table(shuffled), SETTINGS).frame)


@settings(deadline=None, max_examples=40)
@given(GOOD)
def test_key_figures_lie_within_the_readings(rows):
    figures = kpis(clean(table(rows), SETTINGS))
    temperatures = [row[1] for row in rows]
    assert min(temperatures) - 1e-9 <= figures.avg_temp <= max(temperatures) + 1e-9
    assert figures.uptime_hours == max(row[3] for row in rows)
    assert figures.data_quality_score == 100
    assert 0 <= figures.alert_count <= 2 * len(rows)


@settings(deadline=None, max_examples=40)
@given(ROWS)
def test_the_processed_file_is_read_back_exactly(tmp_path_factory, rows):
    frame = clean(table(rows), SETTINGS).frame
    path = tmp_path_factory.mktemp("processed") / "day.csv"
    path.write_bytes(processed_text(frame))
    if len(frame):
        pd.testing.assert_frame_equal(read_processed(path), frame, check_dtype=False)
    assert path.read_text().splitlines()[0] == ",".join(PROCESSED_COLUMNS)
