"""Gain corrections of a day: asked for when the day is over and good, refused when it is not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from dsa_hcal_assets.errors import GateBlocked
from dsa_hcal_assets.hcal.corrections import due
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.hcal.corrections import gain_corrections
from dsa_hcal_assets.products import Provenance
from dsa_hcal_assets.quality.store import latest, record
from dsa_hcal_assets.quality.verdicts import Level, Verdict
from dsa_hcal_assets.simulation.detector_runs.truth import DetectorTruth
from dsa_hcal_assets_tests.hcal.corrections.detector import Detector

DAY = "2026-01-02"
START = datetime(2026, 1, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
NEXT_NIGHT = START + 25 * HOUR


@pytest.fixture
def detector(installation: Installation, tmp_path) -> Detector:
    return Detector(DetectorTruth(seed=4), installation.database, tmp_path, step=HOUR)


def publish(installation: Installation, level: Level = Level.PASS) -> None:
    """Let the state of the day stand as passed, or as blocked by its anomalies."""
    for kind, its in (("tower_state", Level.PASS), ("detector_anomalies", level)):
        with installation.products.publishing(kind, DAY, Provenance({}, (), "run-1")) as staged:
            (staged.path / "state.csv").write_text("made by a test\n")
        verdict = Verdict(kind, "coverage", 0.5, its, blocking=True)
        record(installation.database, [verdict], product=staged.product, partition=DAY, run_id="run-1")


def materialize(installation: Installation, instance: dg.DagsterInstance, **options: Any) -> Any:
    resources = {"installation": installation}
    return dg.materialize(
        [gain_corrections], partition_key=DAY, resources=resources, instance=instance, **options
    )


def due_days(installation: Installation, now: datetime = NEXT_NIGHT) -> list[str]:
    return [one.day for one in due.due_days(installation.database, installation.products, now)]


def test_a_day_that_is_over_and_good_is_corrected_once(installation, instance, detector):
    detector.take_led_run(50, START + 9 * HOUR)
    detector.record(START, START + 24 * HOUR)
    publish(installation)
    assert due_days(installation, START + 24 * HOUR) == []  # its last snapshots may still come
    assert due_days(installation) == [DAY]

    assert materialize(installation, instance).success
    product = installation.products.require_passed("gain_corrections", DAY)
    assert len(pd.read_parquet(product.path / "corrections.parquet")) == 4 * 3072
    bad = pd.read_csv(product.path / "bad_channels.csv")
    assert bad.empty  # nobody derived what the run says about single towers
    assert {one.metric for one in latest(installation.database, product.product_id)} >= {
        "coverage",
        "scatter",
    }
    assert installation.database.rows("select verdict, day::text from hcal.correction_set") == [("pass", DAY)]
    assert installation.database.rows("select count(*) from hcal.current_gain_correction") == [(4 * 3072,)]
    assert due_days(installation) == []


def test_a_later_led_run_makes_the_day_due_again(installation, instance, detector):
    detector.take_led_run(50, START + 9 * HOUR)
    detector.record(START, START + 24 * HOUR)
    publish(installation)
    assert materialize(installation, instance).success
    detector.take_led_run(51, START + 30 * HOUR)
    assert due_days(installation) == [DAY]


def test_a_day_whose_state_failed_is_neither_asked_for_nor_corrected(installation, instance, detector):
    detector.take_led_run(50, START + 9 * HOUR)
    publish(installation, Level.FAIL)
    assert due_days(installation) == []
    result = materialize(installation, instance, raise_on_error=False)
    assert not result.success
    assert installation.database.rows("select count(*) from hcal.correction_set") == [(0,)]
    with pytest.raises(GateBlocked):
        installation.products.require_passed("detector_anomalies", DAY)


def test_corrections_without_coverage_are_stored_but_nobody_reads_them(installation, instance, detector):
    detector.take_led_run(50, START + 9 * HOUR)
    detector.record(START, START + 12 * HOUR)
    publish(installation)
    assert not materialize(installation, instance, raise_on_error=False).success
    assert installation.database.rows("select verdict from hcal.correction_set") == [("fail",)]
    assert installation.database.rows("select count(*) from hcal.current_gain_correction") == [(0,)]
    with pytest.raises(GateBlocked, match="coverage"):
        installation.products.require_passed("gain_corrections", DAY)
    assert due_days(installation) == []  # the same again would help nobody


def test_without_a_good_led_run_no_day_is_asked_for(installation, detector):
    detector.take_led_run(50, START + 9 * HOUR, level=Level.FAIL)
    publish(installation)
    assert due_days(installation) == []
