"""The gate of a group: whole and consistent passes; what differs is counted and named."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dsa_hcal_assets.ledger.model import Arrival, State
from dsa_hcal_assets.quality.judging import judge
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.quality.verdicts import Level, worst
from dsa_hcal_assets.radio.ingest.groups import Subband
from dsa_hcal_assets.radio.ingest.header import SubbandHeader
from dsa_hcal_assets.radio.ingest.quality import measure
from dsa_hcal_assets.radio.profiles.loading import load_profiles

DSA = load_profiles()["dsa110"]
WIDTH = 187.5e6 / 128


def header(number: int) -> SubbandHeader:
    high = 1498.75e6 - (8 * number + 0.5) * WIDTH
    return SubbandHeader(
        telescope="DSA-110",
        first_jd=2460832.0,
        last_jd=2460832.003,
        integrations=24,
        integration_s=12.885,
        rows=5040,
        channels=8,
        low_hz=high - 7 * WIDTH,
        high_hz=high,
        channel_width_hz=WIDTH,
        polarizations=(-5, -6),
        antennas=20,
        phase_kind="drift",
        declination_rad=0.87,
        field_names=("meridian",),
        times_digest="t",
        antennas_digest="a",
        fields_digest="f",
        digest=f"d{number}",
        bytes=1,
    )


def subband(number: int, **changes: object) -> Subband:
    now = datetime(2025, 6, 5, tzinfo=UTC)
    arrival = Arrival(
        number, "uvh5", f"sb{number}", Path("x"), "s", "p", "d", 1, State.PENDING, now, now, None
    )
    return Subband(number, arrival, replace(header(number), **changes))


def found(subbands: list[Subband], minimum: int = 16) -> dict[str, tuple[float, str]]:
    return {metric.name: (metric.value, metric.detail) for metric in measure(subbands, DSA, minimum)}


def test_a_sound_group_passes_every_limit_of_its_stage():
    metrics = measure([subband(number) for number in range(16)], DSA, 16)
    thresholds = Thresholds.load()
    verdicts = judge("uvh5_group", metrics, thresholds, "dsa110")
    assert {verdict.level for verdict in verdicts} == {Level.PASS}
    assert {verdict.metric for verdict in verdicts} == {t.metric for t in thresholds.of_stage("uvh5_group")}


def test_missing_subbands_are_named_and_their_hole_is_no_gap():
    values = found([subband(number) for number in range(16) if number not in (3, 4)])
    assert values["subbands_missing"] == (2.0, "sb03 sb04")
    assert values["subbands_below_minimum"][0] == 2
    assert round(values["band_gap"][0], 6) == 0


def test_a_gap_between_neighbours_is_measured_in_channels():
    group = [subband(number) for number in range(15)]
    group.append(subband(15, low_hz=header(15).low_hz - WIDTH, high_hz=header(15).high_hz - WIDTH))
    assert round(found(group)["band_gap"][0], 6) == 1


@pytest.mark.parametrize(("minimum", "level", "stopped"), [(14, Level.WARN, False), (15, Level.FAIL, True)])
def test_an_incomplete_group_is_told_and_stopped_only_below_the_minimum(minimum, level, stopped):
    group = [subband(number) for number in range(16) if number not in (3, 4)]
    verdicts = judge("uvh5_group", measure(group, DSA, minimum), Thresholds.load(), "dsa110")
    assert worst(verdicts) is level
    assert any(verdict.stops for verdict in verdicts) is stopped


def test_the_odd_one_out_is_named():
    group = [subband(number) for number in range(15)]
    group.append(subband(15, times_digest="other", antennas_digest="other", fields_digest="other"))
    values = found(group)
    for name in ("times_differing", "antennas_differing", "fields_differing"):
        assert values[name] == (1.0, "sb15")


def test_overlapping_subbands_are_measured_in_channels():
    group = [subband(number) for number in range(15)]
    group.append(subband(15, low_hz=header(15).low_hz + 2 * WIDTH, high_hz=header(15).high_hz + 2 * WIDTH))
    assert round(found(group)["band_overlap"][0], 6) == 2


def test_an_empty_group_fails_as_not_measured():
    verdicts = judge("uvh5_group", measure([], DSA, 16), Thresholds.load(), "dsa110")
    passing = {verdict.metric for verdict in verdicts if verdict.level is not Level.FAIL}
    assert passing == {"subbands_missing"}  # counted, and only told
