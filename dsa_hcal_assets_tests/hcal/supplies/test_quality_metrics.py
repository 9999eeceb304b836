"""Each fault moves its own number and names its culprit, and the shipped limit decides."""

import math
from dataclasses import replace

import pytest

from dsa_hcal_assets.hcal.quality_metrics import arrival_metrics
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.hcal.supplies.output_status import OutputStatus
from dsa_hcal_assets.hcal.supplies.quality_metrics import supply_metrics
from dsa_hcal_assets.hcal.supplies.snapshot import SUPPLIES
from dsa_hcal_assets.quality.judging import judge
from dsa_hcal_assets.quality.verdicts import Level
from dsa_hcal_assets_tests.hcal.supplies.scene import DAY, snapshot


@pytest.fixture
def measure(database, ledger, load, thresholds):
    """Load snapshots; return metrics and levels by name."""

    def measure(*snapshots):
        load(*snapshots)
        metrics = [*arrival_metrics(ledger, DAY, source="supplies"), *supply_metrics(database, DAY)]
        levels = {one.metric: one.level for one in judge("supply_state", metrics, thresholds)}
        return {metric.name: metric for metric in metrics}, levels

    return measure


def sector_changed(sector, **fields):
    def change(channel):
        return replace(channel, **fields) if 8 * channel.slot + channel.channel == sector else channel

    return change


def test_a_good_day_passes_everything(measure):
    metrics, levels = measure(*(snapshot(number) for number in range(3)))
    assert set(levels.values()) == {Level.PASS}
    assert metrics["cycles"].value == 3
    assert metrics["coverage"].value == 1
    assert 600 < metrics["current_highest"].value < 700
    assert metrics["current_highest"].detail == "O-13"


def test_a_day_without_snapshots_fails_its_gate(measure):
    metrics, levels = measure()
    assert metrics["cycles"].value == 0
    assert (levels["accepted"], levels["cycles"], levels["coverage"]) == (Level.FAIL,) * 3


def test_a_file_in_quarantine_is_told(measure, ledger, load, incoming):
    path = SUPPLIES.write(incoming, snapshot(2))
    scan(incoming, ledger, SUPPLIES)
    path.write_bytes(b"nonsense")
    metrics, levels = measure(snapshot(1))
    assert (metrics["accepted"].value, metrics["quarantined"].detail) == (1, path.name)
    assert levels["quarantined"] is Level.WARN


def test_sectors_that_were_not_read_lower_the_coverage(measure):
    metrics, levels = measure(snapshot(1), snapshot(2, without_sectors=range(16)))
    assert metrics["coverage"].value == pytest.approx(1 - 8 / 64)
    assert (metrics["lowest_coverage"].value, metrics["lowest_coverage"].detail) == (
        0.75,
        "48 sectors at 00:02:00",
    )
    assert (levels["coverage"], levels["lowest_coverage"]) == (Level.WARN, Level.WARN)


def test_a_bias_crate_that_is_silent_all_day_fails_the_coverage(measure):
    metrics, levels = measure(*(snapshot(number, down={"mpod"}) for number in range(1, 4)))
    assert metrics["coverage"].value == 0
    assert levels["coverage"] is Level.FAIL
    assert (metrics["crates_silent"].value, metrics["crates_silent"].detail) == (1, "mpod")
    assert levels["crates_silent"] is Level.FAIL
    assert math.isnan(metrics["sectors_tripped"].value)
    assert levels["sectors_tripped"] is Level.FAIL


def test_a_crate_down_twice_is_unread_but_not_silent(measure):
    metrics, levels = measure(snapshot(1), snapshot(2, down={"keithley"}), snapshot(3, down={"keithley"}))
    assert metrics["crates_unread"].detail == "keithley"
    assert (levels["crates_unread"], levels["crates_silent"]) == (Level.WARN, Level.PASS)


def test_a_crate_read_in_part_is_named(measure):
    one = snapshot(1)
    partial = replace(one, boards=(replace(one.boards[0], status="partial"), *one.boards[1:]))
    metrics, levels = measure(partial)
    assert (metrics["crates_partial"].detail, levels["crates_partial"]) == ("mpod", Level.WARN)


def test_a_main_switch_that_was_off_is_named(measure):
    metrics, levels = measure(snapshot(1, main_switch=False), snapshot(2))
    assert (metrics["crates_switched_off"].detail, levels["crates_switched_off"]) == ("mpod", Level.WARN)


@pytest.mark.parametrize(
    ("metric", "fields"),
    [
        ("sectors_unbiased", {"v_meas": 0.2}),
        ("sectors_tripped", {"status": int(OutputStatus.FAILURE_MAX_CURRENT)}),
        ("sectors_current_limited", {"status": int(OutputStatus.ON | OutputStatus.CURRENT_LIMITED)}),
        ("sectors_off_set_point", {"v_set": 63.0}),
    ],
)
def test_a_sector_in_trouble_once_is_named(measure, metric, fields):
    metrics, levels = measure(snapshot(1), snapshot(2, change=sector_changed(40, **fields)), snapshot(3))
    assert (metrics[metric].value, metrics[metric].detail) == (1, "I-08")
    assert levels[metric] is Level.WARN


@pytest.mark.parametrize(
    ("metric", "sectors", "fields"),
    [
        ("sectors_unbiased", 33, {"v_meas": 0.2}),
        ("sectors_tripped", 9, {"status": int(OutputStatus.FAILURE_MAX_CURRENT)}),
    ],
)
def test_many_sectors_in_trouble_fail(measure, metric, sectors, fields):
    def change(channel):
        return replace(channel, **fields) if 8 * channel.slot + channel.channel < sectors else channel

    metrics, levels = measure(snapshot(1, change=change))
    assert metrics[metric].value == sectors
    assert levels[metric] is Level.FAIL


def test_a_negative_supply_is_judged_by_its_magnitude(measure):
    def negative(volts):
        return lambda channel: replace(channel, v_meas=volts, v_set=65.0, i_meas=-2e-3)

    metrics, _ = measure(snapshot(1, change=negative(-65.0)), snapshot(2, change=negative(-0.1)))
    assert metrics["sectors_unbiased"].value == 64
    assert metrics["current_highest"].value == pytest.approx(2000)
    assert metrics["sectors_off_set_point"].value == 64


def test_a_channel_that_ramps_is_not_off_its_set_point(measure):
    ramping = int(OutputStatus.ON | OutputStatus.RAMP_UP)
    _, levels = measure(snapshot(1, change=sector_changed(4, v_meas=40.0, status=ramping)))
    assert levels["sectors_off_set_point"] is Level.PASS


@pytest.mark.parametrize(
    ("amperes", "level"), [(999e-6, Level.PASS), (1.2e-3, Level.WARN), (5.2e-3, Level.FAIL)]
)
def test_the_highest_current_is_judged(measure, amperes, level):
    metrics, levels = measure(snapshot(1, change=sector_changed(63, i_meas=amperes)))
    assert metrics["current_highest"].value == pytest.approx(amperes * 1e6, rel=1e-5)
    assert (metrics["current_highest"].detail, levels["current_highest"]) == ("I-31", level)


def test_currents_nobody_read_are_told(measure):
    metrics, levels = measure(snapshot(1, change=lambda channel: replace(channel, i_meas=None)))
    assert math.isnan(metrics["current_highest"].value)
    assert levels["current_highest"] is Level.FAIL


def test_low_voltage_that_is_off_is_named(measure):
    metrics, levels = measure(snapshot(0, lv_off={3}))
    assert metrics["lv_channels_off"].value == 16
    assert metrics["lv_channels_off"].detail.startswith("lv slot 3 value 0, ")
    assert metrics["lv_channels_off"].detail.endswith("and 8 more")
    assert levels["lv_channels_off"] is Level.WARN


def test_an_installation_without_a_low_voltage_crate_is_no_failure(measure):
    metrics, levels = measure(snapshot(1))
    assert math.isnan(metrics["lv_channels_off"].value)
    assert levels["lv_channels_off"] is Level.PASS
