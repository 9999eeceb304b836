"""Each number of the conversion's gate, from a survey that is sound but for one injected fault."""

import copy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.quality.judging import judge
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.quality.verdicts import Level, Verdict
from dsa_hcal_assets.radio.conversion.group import ConversionReport
from dsa_hcal_assets.radio.conversion.quality import metrics
from dsa_hcal_assets.radio.conversion.survey import Survey
from dsa_hcal_assets.radio.conversion.tallies import PairTally, WindowSurvey
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.radio.profiles.stations import read_stations

DSA, VLA = load_profiles()["dsa110"], load_profiles()["vla"]
THRESHOLDS = Thresholds.load()
# antenna numbers of headers: station numbers less one
USED = np.array([0, 1, 70, 103])
ARCSEC = np.radians(1 / 3600)


def window(low_hz: float) -> WindowSurvey:
    ones = np.ones((4, 2))
    frequencies = low_hz + 1e6 * np.arange(4)
    found = WindowSurvey.empty(frequencies, np.full(4, 1e6), 3, 2)
    return replace(
        found,
        amplitude_sum=5 * ones,
        used=5 * ones,
        counted_of_time=np.full(3, 8.0),
        total=40,
        all_zero=False,
    )


def pairs(flagged: float) -> PairTally:
    """Ten values a pair and correlation, `flagged` of them; antenna 103 has no data and is flagged."""
    ones = np.triu(np.ones((4, 4)), 1)[:, :, None] * np.ones(2)
    dead = (np.arange(4)[:, None] == 3) | (np.arange(4) == 3)
    share = np.where(dead, 1, flagged)[:, :, None]
    return PairTally(USED, 10 * share * ones, 10 * ones, (share < 1) & (ones > 0))


def sound() -> Survey:
    """Two windows, four antennas where the station file has them, one field."""
    stations = read_stations(DSA.stations)
    positions = np.array([stations[number + 1].itrf_m for number in range(117)])
    direction = np.array([[1.4948, 0.87]])
    return Survey(
        rows=120,
        windows=[window(1.40e9), window(1.404e9)],
        antenna_names=[str(number + 1) for number in range(117)],
        antenna_positions_m=positions,
        antennas_used=USED,
        directions={name: direction.copy() for name in ("PHASE_DIR", "REFERENCE_DIR", "DELAY_DIR")},
        direction_frame="icrs",
        field_names=["3C147"],
        field_times=np.array([[0.0, 2.0]]),
        times=np.arange(3.0),
        amplitude_of_time=np.ones(3),
        uv_m=np.ones((10, 2)),
        longest_uvw_m=1500.0,
        longest_baseline_m=1500.0,
        uvw_residual_m=1e-6,
        pairs=pairs(0.0),
        autos=100,
        autos_not_positive=0,
        not_finite=0,
    )


REPORT = ConversionReport(
    rows=120,
    integrations=3,
    channels=8,
    windows=2,
    correlations=2,
    antennas=4,
    fields=({"name": "3C147", "frame": "icrs", "ra_rad": 1.4948, "dec_rad": 0.87},),
    layout="per-subband",
    flagged_fraction=0.0,
    not_finite=0,
    first_mjd=60831.0,
    last_mjd=60831.1,
    inputs=(),
)


def values(found: Survey, report: ConversionReport = REPORT, profile=DSA) -> dict[str, float]:
    return {metric.name: metric.value for metric in metrics(found, profile, report)}


def verdicts(found: Survey, report: ConversionReport = REPORT) -> dict[str, Verdict]:
    judged = judge("measurement_set", metrics(found, DSA, report), THRESHOLDS, "dsa110")
    return {verdict.metric: verdict for verdict in judged}


def not_passed(found: Survey, report: ConversionReport = REPORT) -> dict[str, Level]:
    return {
        name: verdict.level
        for name, verdict in verdicts(found, report).items()
        if verdict.level != Level.PASS
    }


def reverse_channels(found: Survey) -> None:
    for one in found.windows:
        one.frequencies_hz = one.frequencies_hz[::-1]


def zero_a_window(found: Survey) -> None:
    found.windows[1].all_zero = True


def flag_everything(found: Survey) -> None:
    found.pairs = pairs(1.0)


def widen_channels(found: Survey) -> None:
    found.windows[1].widths_hz = found.windows[1].widths_hz * 1.02


def move_an_antenna(found: Survey) -> None:
    found.antenna_positions_m[70] += [1.0, 0.0, 0.0]


def point(column: str, arcsec: float):
    def change(found: Survey) -> None:
        found.directions[column][:, 1] += arcsec * ARCSEC

    return change


FAULTS = {
    "reversed channels": (reverse_channels, "windows_not_ascending"),
    "windows in falling order": (lambda s: s.windows.reverse(), "windows_not_ascending"),
    "the same window twice": (lambda s: s.windows.__setitem__(1, s.windows[0]), "windows_not_ascending"),
    "uvw twice too long": (lambda s: setattr(s, "longest_uvw_m", 3000.0), "uvw_length_ratio"),
    "uvw half too short": (lambda s: setattr(s, "longest_uvw_m", 750.0), "uvw_length_ratio"),
    "no baseline": (lambda s: setattr(s, "longest_baseline_m", 0.0), "uvw_length_ratio"),
    "one baseline with wrong uvw": (lambda s: setattr(s, "uvw_residual_m", 1.5), "uvw_residual"),
    "an antenna moved by 1 m": (move_an_antenna, "antenna_position_error"),
    "an antenna that is no station": (
        lambda s: setattr(s, "antennas_used", np.array([0, 116, 117])),
        "antenna_position_error",
    ),
    "phased elsewhere": (point("PHASE_DIR", 2.0), "phase_centre_error"),
    "delay centre elsewhere": (point("DELAY_DIR", -2.0), "phase_centre_error"),
    "reference elsewhere": (point("REFERENCE_DIR", 2.0), "phase_centre_error"),
    "a field too many": (lambda s: s.field_names.append("other"), "phase_centre_error"),
    "an all-zero window": (zero_a_window, "zero_windows"),
    "everything flagged": (flag_everything, "flagged_fraction"),
    "channels wider than their spacing": (widen_channels, "channel_width_error"),
    "an infinite value left": (lambda s: setattr(s, "not_finite", 1), "not_finite_unflagged"),
    "rows lost": (lambda s: setattr(s, "rows", 110), "rows_missing"),
    "rows twice": (lambda s: setattr(s, "rows", 240), "rows_missing"),
    "negative autocorrelations": (lambda s: setattr(s, "autos_not_positive", 60), "autos_not_positive"),
}


def test_a_sound_set_passes_every_limit():
    assert not_passed(sound()) == {}
    assert {verdict.metric for verdict in THRESHOLDS.of_stage("measurement_set")} == set(verdicts(sound()))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_stops_the_set_by_the_metric_meant_for_it(fault):
    inject, metric = FAULTS[fault]
    found = sound()
    inject(found)
    assert verdicts(found)[metric].stops, fault
    # reversed channels also look like a gap, and flags have a raw share; others are seen by one metric alone
    assert set(not_passed(found)) <= {metric, "band_gap", "raw_flagged_fraction"}


@pytest.mark.parametrize(
    ("change", "metric"),
    [
        (lambda s: setattr(s.windows[1], "frequencies_hz", s.windows[1].frequencies_hz + 1e6), "band_gap"),
        (lambda s: setattr(s, "uvw_residual_m", 0.2), "uvw_residual"),
        (lambda s: setattr(s, "autos_not_positive", 1), "autos_not_positive"),
        (lambda s: setattr(s, "pairs", pairs(0.25)), "raw_flagged_fraction"),
    ],
)
def test_a_smaller_fault_warns_and_stops_nothing(change, metric):
    found = sound()
    change(found)
    assert not_passed(found) == {metric: Level.WARN}


def test_values_that_were_not_finite_warn():
    assert not_passed(sound(), replace(REPORT, not_finite=3)) == {"not_finite": Level.WARN}


@pytest.mark.parametrize("missing", [1, 2, 5])
def test_a_gap_is_measured_in_channels(missing):
    found = sound()
    found.windows[1].frequencies_hz = found.windows[1].frequencies_hz + missing * 1e6
    assert values(found)["band_gap"] == pytest.approx(missing)


def test_a_gap_is_measured_in_channels_even_between_windows_of_one_channel():
    found = sound()
    found.windows = [narrow(1.4e9 + step * 1e6) for step in (0, 1, 3)]
    assert values(found)["band_gap"] == pytest.approx(1)


def test_one_channel_has_no_gap():
    found = sound()
    found.windows = [narrow(1.4e9)]
    assert values(found)["band_gap"] == 0


def narrow(hz: float) -> WindowSurvey:
    return replace(WindowSurvey.empty(np.array([hz]), np.array([1e6]), 3, 2), total=1, all_zero=False)


@given(stretch=st.floats(0.5, 2), window=st.integers(0, 1))
def test_widths_are_held_against_the_spacing(stretch, window):
    found = copy.deepcopy(SOUND)
    found.windows[window].widths_hz = found.windows[window].widths_hz * stretch
    assert values(found)["channel_width_error"] == pytest.approx(abs(1 / stretch - 1), abs=1e-9)


@pytest.mark.parametrize(
    ("ratio", "named"), [(1.0, False), (1.5, False), (1.95, True), (2.0, True), (3.0, False)]
)
def test_uvw_of_twice_the_baselines_are_called_by_their_bug(ratio, named):
    found = replace(sound(), longest_uvw_m=1500.0 * ratio)
    (metric,) = [one for one in metrics(found, DSA, REPORT) if one.name == "uvw_length_ratio"]
    assert metric.value == pytest.approx(ratio)
    assert ("known convention bug" in metric.detail) == named


def test_stations_without_data_do_not_make_a_clean_observation_look_bad():
    found = replace(sound(), pairs=pairs(0.1))
    (metric,) = [one for one in metrics(found, DSA, REPORT) if one.name == "flagged_fraction"]
    assert metric.value == pytest.approx(0.1)
    # 3 of 6 pairs are wholly flagged
    assert metric.detail == "3 of 4 antennas have data; of all receptors 55.0 %"
    assert values(found)["raw_flagged_fraction"] == pytest.approx(0.55)


@pytest.mark.parametrize("metric", [one.metric for one in THRESHOLDS.of_stage("measurement_set")])
def test_every_limit_can_be_moved_and_the_verdict_follows(metric):
    """No value lies above 1e9 or below -1e9: at such limits every metric changes sides."""

    def level(field: str, limit: float) -> Level:
        name = f"DSA_HCAL_THRESHOLD__MEASUREMENT_SET__{metric.upper()}__{field}"
        judged = judge(
            "measurement_set", metrics(SOUND, DSA, REPORT), Thresholds.load(environ={name: str(limit)})
        )
        (verdict,) = [one for one in judged if one.metric == metric]
        return verdict.level

    assert level("WARN_ABOVE", -1e9) == Level.WARN
    assert level("ERROR_ABOVE", 1e9) == Level.PASS


@given(ra=st.floats(0, 2 * np.pi), dec=st.floats(-1.5, 1.5), arcsec=st.floats(0, 3600), north=st.booleans())
def test_the_phase_centre_error_is_the_angle_on_the_sky(ra, dec, arcsec, north):
    found = sound()
    offset = arcsec * ARCSEC
    step = np.array([0, offset]) if north else np.array([offset / np.cos(dec), 0])
    found.directions = {name: np.array([[ra, dec]]) for name in ("PHASE_DIR", "REFERENCE_DIR", "DELAY_DIR")}
    found.directions["REFERENCE_DIR"] = np.array([[ra, dec]]) + step
    wanted = replace(REPORT, fields=({"name": "x", "frame": "icrs", "ra_rad": ra, "dec_rad": dec},))
    # along a parallel the great circle is shorter, by (offset tan dec)^2 / 24
    assert values(found, wanted)["phase_centre_error"] == pytest.approx(arcsec, rel=3e-3, abs=1e-6)


def test_right_ascensions_a_turn_apart_are_one_direction():
    found = sound()
    for direction in found.directions.values():
        direction[:, 0] -= 2 * np.pi
    assert values(found)["phase_centre_error"] == pytest.approx(0, abs=1e-6)


@given(
    shift=st.tuples(*[st.floats(-10, 10)] * 3),
    antenna=st.sampled_from(USED.tolist()),
)
def test_the_position_error_is_the_distance_and_names_the_antenna(shift, antenna):
    found = copy.deepcopy(SOUND)
    found.antenna_positions_m[antenna] += shift
    (metric,) = [one for one in metrics(found, DSA, REPORT) if one.name == "antenna_position_error"]
    assert metric.value == pytest.approx(np.linalg.norm(shift), abs=1e-8)
    if metric.value > 1e-6:
        assert metric.detail == f"worst: antenna {antenna + 1}"


SOUND = sound()


def test_antennas_without_data_are_not_compared():
    found = sound()
    found.antenna_positions_m[5] += 1000
    assert values(found)["antenna_position_error"] < 1e-6


def test_an_unknown_antenna_is_not_measured_and_is_named():
    found = sound()
    found.antennas_used = np.array([0, 500])
    (metric,) = [one for one in metrics(found, DSA, REPORT) if one.name == "antenna_position_error"]
    assert np.isnan(metric.value)
    assert metric.detail == "antenna 500 is not in the station file"


def test_a_telescope_without_station_file_says_that_nothing_was_compared():
    (metric,) = [one for one in metrics(sound(), VLA, REPORT) if one.name == "antenna_position_error"]
    assert (metric.value, metric.detail) == (0.0, "not compared: the profile has no station file")


def test_data_without_autocorrelations_pass_and_say_so():
    found = replace(sound(), autos=0, autos_not_positive=0)
    (metric,) = [one for one in metrics(found, DSA, REPORT) if one.name == "autos_not_positive"]
    assert (metric.value, metric.detail) == (0.0, "the data have no autocorrelations")


def test_dead_windows_are_counted_and_named():
    found = sound()
    zero_a_window(found)
    (metric,) = [one for one in metrics(found, DSA, REPORT) if one.name == "zero_windows"]
    assert (metric.value, metric.detail) == (1.0, "windows [1]")


def test_an_empty_set_is_stopped():
    found = replace(
        sound(), rows=0, longest_uvw_m=0.0, longest_baseline_m=0.0, antennas_used=np.zeros(0, np.int64)
    )
    found.pairs = PairTally.empty(np.zeros(0, np.int64), 2)
    for one in found.windows:
        one.total, one.all_zero = 0, True
    stopped = {name for name, verdict in verdicts(found).items() if verdict.stops}
    assert {
        "rows_missing", "uvw_length_ratio", "zero_windows", "flagged_fraction", "antenna_position_error"
    } <= stopped  # fmt: skip
