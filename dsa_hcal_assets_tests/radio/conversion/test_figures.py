"""Figures of a Measurement Set: PNG, axes with units, and no failure on empty or flagged data."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from dsa_hcal_assets.radio.conversion import figures
from dsa_hcal_assets.radio.conversion.survey import Survey
from dsa_hcal_assets.radio.conversion.tallies import PairTally, WindowSurvey
from dsa_hcal_assets.radio.profiles.stations import read_stations
from dsa_hcal_assets_tests.radio.conversion.test_gate import DSA, USED, pairs, sound

DRAWINGS = {
    figures.uv_coverage: ("u (km)", "v (km)"),
    figures.antenna_map: ("east (m)", "north (m)"),
    figures.amplitude_of_frequency: ("frequency (MHz)", "mean |V| (data units)"),
    figures.amplitude_of_time: ("minutes since the first integration", "mean |V| (data units)"),
    figures.flag_occupancy: ("frequency (MHz)", "integration"),
    figures.flags_of_antennas: ("antenna", "flagged (%)"),
}


def empty() -> Survey:
    found = sound()
    return replace(
        found,
        windows=[
            WindowSurvey.empty(window.frequencies_hz, window.widths_hz, 0, 2) for window in found.windows
        ],
        pairs=PairTally.empty(np.zeros(0, np.int64), 2),
        rows=0,
        times=np.zeros(0),
        amplitude_of_time=np.zeros(0),
        uv_m=np.empty((0, 2)),
        antennas_used=np.zeros(0, np.int64),
    )


@pytest.mark.parametrize("make", [sound, empty])
def test_every_figure_is_a_png_under_its_caption(make):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = figures.draw(make())
    assert len(drawn) == len(DRAWINGS)
    for caption, subject in zip(
        drawn, ("uv", "Antennas", "frequency", "time", "Flagged", "antenna"), strict=True
    ):
        assert subject in caption
    assert all(png.startswith(b"\x89PNG\r\n\x1a\n") and len(png) > 1000 for png in drawn.values())


@pytest.mark.parametrize("draw", DRAWINGS, ids=lambda draw: draw.__name__)
def test_axes_say_what_they_show_in_which_unit(draw):
    axes = draw(sound()).axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == DRAWINGS[draw]


def test_equal_surveys_give_equal_bytes():
    assert figures.draw(sound()) == figures.draw(sound())


def test_uv_coverage_shows_each_baseline_and_its_mirror_image_in_kilometres():
    found = replace(sound(), uv_m=np.array([[1000.0, 250.0], [-300.0, 40.0]]))
    (axes,) = figures.uv_coverage(found).axes
    points = axes.lines[0].get_xydata()
    assert points.tolist() == [[1, 0.25], [-0.3, 0.04], [-1, -0.25], [0.3, -0.04]]


def test_the_map_keeps_distances_and_names_antennas_with_data():
    found = sound()
    (axes,) = figures.antenna_map(found).axes
    seen = axes.lines[0].get_xydata()
    true = found.antenna_positions_m[USED]
    # the site is flat to a metre in 2.7 km: the map keeps distances but for height
    for one in range(len(USED)):
        for other in range(one):
            distance = np.linalg.norm(true[one] - true[other])
            assert np.linalg.norm(seen[one] - seen[other]) == pytest.approx(distance, rel=0.01, abs=0.5)
    # 1 and 2 stand side by side: one name is left out, it would hide the other
    assert [text.get_text() for text in axes.texts] == ["1", "71", "104"]
    assert axes.get_title() == "4 antennas"


def test_the_map_has_north_up_and_east_right():
    (axes,) = figures.antenna_map(sound()).axes
    seen = axes.lines[0].get_xydata()
    stations = read_stations(DSA.stations)
    first = stations[1]
    for number, (east, north) in zip(USED[1:] + 1, seen[1:] - seen[0], strict=True):
        metres = np.radians(1) * 6.37e6
        to_north = (stations[number].latitude_deg - first.latitude_deg) * metres
        to_east = (stations[number].longitude_deg - first.longitude_deg) * metres
        assert north == pytest.approx(to_north, rel=0.02, abs=0.5)
        assert east == pytest.approx(to_east * np.cos(np.radians(first.latitude_deg)), rel=0.02, abs=0.5)


def test_a_line_for_each_correlation_of_each_window_and_none_where_all_is_flagged():
    found = sound()
    found.windows[1].used[2] = 0
    (axes,) = figures.amplitude_of_frequency(found).axes
    assert len(axes.lines) == 4
    assert axes.get_ylim() == pytest.approx((0, 1.1))
    assert axes.lines[0].get_xdata().tolist() == [1400, 1401, 1402, 1403]
    assert axes.lines[0].get_ydata().tolist() == [1, 1, 1, 1]
    assert np.isnan(axes.lines[3].get_ydata()).tolist() == [False, False, True, False]


def test_times_are_minutes_from_the_first():
    found = replace(sound(), times=5.1e9 + np.array([0.0, 60.0, 90.0]), amplitude_of_time=np.arange(3.0))
    (axes,) = figures.amplitude_of_time(found).axes
    assert axes.lines[0].get_xydata().tolist() == [[0, 0], [1, 1], [1.5, 2]]


def test_the_occupancy_shows_each_window_where_it_is_with_its_flagged_share():
    found = sound()
    found.windows[1].flagged_of_time[2, 3] = 1.0
    axes, bar = figures.flag_occupancy(found).axes
    low, high = axes.images
    # half a channel beyond the outer centres, MHz; integrations count downwards
    assert low.get_extent() == pytest.approx([1399.5, 1403.5, 3, 0])
    assert high.get_extent() == pytest.approx([1403.5, 1407.5, 3, 0])
    assert not low.get_array().any()
    # 8 values a time in 4 channels
    assert high.get_array()[2].tolist() == [0, 0, 0, 50]
    assert bar.get_ylabel() == "flagged (%)"


def test_antennas_stand_side_by_side_with_their_flagged_share():
    (axes,) = figures.flags_of_antennas(replace(sound(), pairs=pairs(0.25))).axes
    heights = {round(bar.get_x() + bar.get_width() / 2): bar.get_height() for bar in axes.patches}
    # two thirds of each antenna's baselines have a quarter flagged, those to the dead one all
    assert heights == {0: 50, 1: 50, 2: 50, 3: 100}
    assert [bar.get_height() for bar in axes.patches if bar.get_hatch()] == [100]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["1", "2", "71", "104"]
