"""Which channels a group has, and where lost subbands leave empty ones."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
from dsa_hcal_assets.radio.conversion.plan import Plan, make_plan
from dsa_hcal_assets.radio.conversion.windows import frequency_gaps
from dsa_hcal_assets.radio.ingest.errors import InconsistentGroup
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets_tests.radio.conversion import headers
from dsa_hcal_assets_tests.radio.conversion.headers import WIDTH_HZ

DSA = load_profiles()["dsa110"]
CENTRE = PhaseCentre("3C147", 1.4948, 0.87)
SUBBANDS, BAND_HZ = DSA.subbands.count, DSA.subbands.band_hz


def plan(group, **options) -> Plan:
    return make_plan(group, DSA, phase_centre=CENTRE, **options)


def dsa_group(numbers, channels=2):
    """Subbands of the profile's own band, cut into so many channels each; number 0 is the highest."""
    low, high = BAND_HZ
    width = (high - low) / SUBBANDS / channels
    made = headers.header(channels=channels, antennas=2, integrations=1)
    return [
        replace(
            made,
            frequencies_hz=high - width * (number * channels + np.arange(channels) + 0.5),
            channel_widths_hz=np.full(channels, width),
        )
        for number in numbers
    ]


@given(order=st.permutations(range(4)), descending=st.booleans())
@settings(deadline=None, max_examples=30)
def test_one_window_ascends_in_whatever_order_subbands_and_channels_come(order, descending):
    group = headers.group(4, channels=3, antennas=2, integrations=1, descending=descending)
    made = plan([group[number] for number in order], layout="single")
    (window,) = made.windows
    np.testing.assert_allclose(np.diff(window.frequencies_hz), WIDTH_HZ, rtol=1e-9)
    assert window.frequencies_hz[-1] == headers.BAND_TOP_HZ - WIDTH_HZ / 2
    assert (window.parts, window.offsets) == ((0, 1, 2, 3), (0, 3, 6, 9))
    assert [one.path.name for one in made.headers] == ["sb03.hdf5", "sb02.hdf5", "sb01.hdf5", "sb00.hdf5"]


def test_a_window_for_each_subband_ascends_too():
    made = plan(headers.group(3, channels=2), layout="per-subband")
    assert [window.parts for window in made.windows] == [(0,), (1,), (2,)]
    frequencies = np.concatenate([window.frequencies_hz for window in made.windows])
    np.testing.assert_allclose(np.diff(frequencies), WIDTH_HZ, rtol=1e-9)


def test_widths_stay_with_their_channels_when_they_are_turned_round():
    group = headers.group(1, channels=3)
    group = [replace(group[0], channel_widths_hz=np.array([3.0, 2.0, 1.0]) * WIDTH_HZ)]
    assert (plan(group).windows[0].widths_hz / WIDTH_HZ).tolist() == [1, 2, 3]


def test_the_layout_is_the_profiles_unless_asked_otherwise():
    group = headers.group(2)
    assert len(plan(group).windows) == 1
    by_subband = DSA.converting(spw_layout="per-subband")
    assert len(make_plan(group, by_subband, phase_centre=CENTRE).windows) == 2
    assert len(make_plan(group, by_subband, phase_centre=CENTRE, layout="single").windows) == 1


# ------------------------------------------------------------------------------ lost subbands


@given(
    kept=st.sets(st.integers(0, SUBBANDS - 1), min_size=1),
    channels=st.integers(1, 5),
    label=st.sampled_from([0.0, -0.5, 0.5]),
)
@settings(max_examples=40)
def test_one_window_is_the_whole_band_whichever_subbands_were_lost(kept, channels, label):
    """Also when the correlator labels channels by an edge instead of the middle."""
    assume(channels > 1 or label == 0)  # of one channel a subband, that would be half a subband
    whole = plan(dsa_group(range(SUBBANDS), channels)).windows[0]
    width = whole.widths_hz[0]
    group = [
        replace(one, frequencies_hz=one.frequencies_hz + label * width) for one in dsa_group(kept, channels)
    ]
    made = plan(group, layout="single")
    (window,) = made.windows
    np.testing.assert_allclose(window.frequencies_hz, whole.frequencies_hz + label * width, rtol=1e-13)
    np.testing.assert_allclose(window.widths_hz, whole.widths_hz, rtol=1e-13)
    expected = np.isin(SUBBANDS - 1 - np.arange(SUBBANDS * channels) // channels, list(kept))
    assert made.present(window).tolist() == expected.tolist()
    assert made.missing_channels == (SUBBANDS - len(kept)) * channels
    for part, first in zip(window.parts, window.offsets, strict=True):
        own = np.sort(made.headers[part].frequencies_hz)
        np.testing.assert_array_equal(window.frequencies_hz[first : first + channels], own)


def test_a_window_a_subband_has_only_what_is_there():
    made = plan(dsa_group([0, 3, 15]), layout="per-subband")
    assert [len(window.frequencies_hz) for window in made.windows] == [2, 2, 2]
    assert made.missing_channels == 0


def test_a_telescope_without_a_fixed_band_has_no_edges_to_fill():
    freely = DSA.model_copy(update={"subbands": DSA.subbands.model_copy(update={"band_hz": None})})
    made = make_plan(dsa_group([2, 4]), freely, phase_centre=CENTRE)
    assert made.present(made.windows[0]).tolist() == [True, True, False, False, True, True]


def test_subbands_cut_otherwise_than_the_profiles_band_are_not_stretched_over_it():
    assert plan(headers.group(4, channels=3)[1:]).missing_channels == 0


@pytest.mark.parametrize("shift", [1.0, 2.5, -0.5])
def test_a_gap_that_no_lost_subband_explains_is_refused(shift):
    top, _, _, low = headers.group(4, channels=3)
    moved = replace(top, frequencies_hz=top.frequencies_hz + shift * WIDTH_HZ)
    with pytest.raises(InconsistentGroup, match=rf"a gap of {6 + shift:.2f} channels above sb03"):
        plan([moved, low])
    assert len(plan([moved, low], layout="per-subband").windows) == 2


def test_a_subband_far_outside_makes_no_giant_window():
    one, other = headers.group(2)
    far = replace(other, frequencies_hz=other.frequencies_hz - 15 * 4 * WIDTH_HZ)
    with pytest.raises(InconsistentGroup, match="more than a band"):
        plan([one, far])


@pytest.mark.parametrize("layout", ["single", "per-subband"])
def test_overlapping_subbands_are_refused_in_both_layouts(layout):
    low, high = headers.group(2, channels=4)
    shifted = replace(high, frequencies_hz=high.frequencies_hz + 2 * WIDTH_HZ)
    with pytest.raises(InconsistentGroup, match=r"sb01\.hdf5 and sb00\.hdf5 overlap.*2\.00 channels"):
        plan([low, shifted], layout=layout)


@given(missing=st.lists(st.integers(0, 3), min_size=1, max_size=4))
def test_gaps_are_counted_in_channels(missing):
    """Subbands of two channels, with so many channels missing below each of them."""
    group, top = [headers.header(channels=2)], 0.0
    for gap in missing:
        top -= (2 + gap) * WIDTH_HZ
        group.append(replace(group[0], frequencies_hz=group[0].frequencies_hz + top))
    np.testing.assert_allclose(frequency_gaps(tuple(group[::-1])), missing[::-1], atol=1e-6)
