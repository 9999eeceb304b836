"""What a group becomes is decided from headers alone: rows, scans, correlations, refusals."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
from dsa_hcal_assets.radio.conversion.plan import Plan, make_plan
from dsa_hcal_assets.radio.conversion.rows import mjd_seconds, runs
from dsa_hcal_assets.radio.ingest.errors import BadHeader, InconsistentGroup
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets_tests.radio.conversion import headers
from dsa_hcal_assets_tests.radio.conversion.headers import LL, LR, RL, RR, XX, XY, YX, YY

DSA, VLA = load_profiles()["dsa110"], load_profiles()["vla"]
CENTRE = PhaseCentre("3C147", 1.4948, 0.87)
FIELDS = (headers.sidereal(0, "one"), headers.sidereal(1, "two", lon=1.6), headers.sidereal(7, "seven"))


def plan(group, **options) -> Plan:
    return make_plan(group, DSA, phase_centre=CENTRE, **options)


def tracked(field_ids=None, **options):
    """A header of phased data with three fields, (u, v, w) as the profile takes them from the file."""
    made = headers.header(fields=FIELDS, drift_app_dec_rad=None, **options)
    ids = np.zeros(len(made.times_jd), np.int64) if field_ids is None else np.asarray(field_ids)
    return replace(made, field_ids=ids, uvw_m=np.random.default_rng(1).normal(size=(len(ids), 3)))


# ------------------------------------------------------------------------------ rows and scans


@given(seed=st.integers(0, 100), integrations=st.integers(1, 5))
@settings(deadline=None, max_examples=20)
def test_rows_are_in_order_of_time_and_within_a_time_in_the_files(seed, integrations):
    made = headers.header(antennas=3, integrations=integrations)
    mixed = np.random.default_rng(seed).permutation(len(made.times_jd))
    shuffled = replace(made, times_jd=made.times_jd[mixed], ant1=made.ant1[mixed], ant2=made.ant2[mixed])
    rows = plan([shuffled]).rows
    assert sorted(rows.tolist()) == list(range(len(mixed)))
    times = shuffled.times_jd[rows]
    assert np.all(np.diff(times) >= 0)
    assert all(np.all(np.diff(rows[times == time]) > 0) for time in np.unique(times))


def test_scans_are_runs_on_one_field_from_one():
    # one baseline: a row an integration
    ids = [0, 0, 1, 1, 7, 0]
    one_baseline = {"antennas": 2, "integrations": 2}
    made = tracked(ids, **one_baseline)
    times = made.times_jd[0] + np.arange(6) / 1e4
    made = make_plan([replace(made, times_jd=times)], VLA)
    assert made.scans.tolist() == [1, 1, 2, 2, 3, 4]
    # fields are rows of the FIELD table, not identifiers of the catalogue
    assert made.phasing.field_rows.tolist() == [0, 0, 1, 1, 2, 0]
    assert [field.name for field in made.fields] == ["one", "two", "seven"]


def test_a_drift_scan_is_one_scan_on_one_field():
    made = plan(headers.group(2))
    assert set(made.scans.tolist()) == {1}
    assert [(field.name, field.lon, field.lat, field.frame) for field in made.fields] == [
        ("3C147", 1.4948, 0.87, "icrs")
    ]


def test_one_window_is_written_in_one_run_and_several_scan_by_scan():
    ids = [0, 0, 1, 1, 7, 0]
    group = [tracked(ids, antennas=2, integrations=2, subband=number) for number in range(2)]
    times = group[0].times_jd[0] + np.arange(6) / 1e4
    group = [replace(one, times_jd=times) for one in group]
    assert list(runs(make_plan(group, VLA, layout="single"))) == [(0, 6)]
    assert list(runs(make_plan(group, VLA, layout="per-subband"))) == [(0, 2), (2, 4), (4, 5), (5, 6)]


def test_times_are_seconds_of_mjd():
    # MJD 51544.5 is 2000-01-01T12:00 (J2000.0)
    assert mjd_seconds(np.array([2451545.0])).tolist() == [51544.5 * 86400]


# ------------------------------------------------------------------------------ antennas and correlations


@pytest.mark.parametrize("turned", [False, True])
def test_antennas_keep_the_files_order_when_all_rows_agree(turned):
    made = headers.header()
    if turned:
        made = replace(made, ant1=made.ant2, ant2=made.ant1)
    assert not plan([made]).swapped.any()


def test_mixed_orders_become_first_before_second():
    made = headers.header(antennas=3, integrations=1)
    turn = np.array([False, True, False, False, True, False])
    mixed = replace(
        made, ant1=np.where(turn, made.ant2, made.ant1), ant2=np.where(turn, made.ant1, made.ant2)
    )
    # rows: 00 10 02 11 21 22
    assert plan([mixed]).swapped.tolist() == turn.tolist()


@pytest.mark.parametrize(
    ("codes", "casa", "order"),
    [
        ((XX,), [9], [0]),
        ((XX, YY), [9, 12], [0, 1]),
        ((YY, XX), [9, 12], [1, 0]),
        ((XX, YY, XY, YX), [9, 10, 11, 12], [0, 2, 3, 1]),
        ((RR, LL, RL, LR), [5, 6, 7, 8], [0, 2, 3, 1]),
        ((1, 2, 3, 4), [1, 2, 3, 4], [0, 1, 2, 3]),
    ],
)
def test_correlations_are_in_casas_order(codes, casa, order):
    made = plan([headers.header(polarizations=codes)])
    assert made.stokes == casa
    assert made.correlations.tolist() == order


@pytest.mark.parametrize("codes", [(0,), (XX, 5), (-9,)])
def test_a_polarisation_nobody_defined_is_refused(codes):
    with pytest.raises(BadHeader, match="polarisation codes"):
        plan([headers.header(polarizations=codes)])


# ------------------------------------------------------------------------------ what does not belong together


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda h: {"telescope_name": "VLA"}, "telescope"),
        (lambda h: {"times_jd": h.times_jd + 1e-5}, "times"),
        (lambda h: {"ant1": h.ant1[::-1]}, "first antennas"),
        (lambda h: {"ant2": h.ant2[::-1]}, "second antennas"),
        (lambda h: {"antenna_numbers": h.antenna_numbers + 1}, "antenna numbers"),
        (lambda h: {"antenna_positions_m": h.antenna_positions_m + 0.01}, "antenna positions"),
        (lambda h: {"integration_s": 2 * h.integration_s}, "integration times"),
        (lambda h: {"polarizations": h.polarizations[::-1]}, "polarisations"),
        (lambda h: {"field_ids": h.field_ids + 1}, "fields of rows"),
        (lambda h: {"fields": (replace(h.fields[0], lat=1.0),)}, "phase centres"),
        (lambda h: {"drift_app_dec_rad": 0.5}, "pointing"),
        (lambda h: {"drift_hour_angle_rad": 0.1}, "pointing"),
        (lambda h: {"longitude_rad": h.longitude_rad + 1e-6}, "site"),
        (lambda h: {"altitude_m": h.altitude_m + 1}, "site"),
    ],
)
@pytest.mark.parametrize("odd", [0, 1, 2])
def test_a_subband_of_another_observation_is_refused_and_named(change, what, odd):
    group = headers.group(3)
    group[odd] = replace(group[odd], **change(group[odd]))
    with pytest.raises(InconsistentGroup, match=rf"sb0\d\.hdf5 and sb02\.hdf5 differ in {what};"):
        plan(group)
