"""Metrics of runs: shares of bad towers with their names, coverage of the detectors a run has."""

import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from dsa_hcal_assets.hcal.analysis_runs import ingest, run_metrics
from dsa_hcal_assets.hcal.analysis_runs.analysis import analyse_run
from dsa_hcal_assets.quality.judging import judge
from dsa_hcal_assets.quality.verdicts import Level
from dsa_hcal_assets.settings.runs import RunSettings
from dsa_hcal_assets.simulation.detector_runs.runs import SimulatedRun
from dsa_hcal_assets.simulation.detector_runs.truth import DetectorTruth
from dsa_hcal_assets.simulation.detector_runs.writing import write_run

AT = datetime(2026, 1, 2, tzinfo=UTC)
TRUTH = DetectorTruth(seed=1)


@pytest.fixture
def analysed(database, ledger, tmp_path):
    def analyse(kind="led", **changes):
        fields = {"events": 512, "contents": "amplitudes", "detectors": (0,), **changes}
        write_run(tmp_path / "runs", SimulatedRun(TRUTH, 40, kind, AT, **fields))
        ingest.scan(tmp_path / "runs", ledger, 0)
        return analyse_run(database, ledger, "40", RunSettings(), "run-1")

    return analyse


def by_name(run):
    return {metric.name: metric for metric in run_metrics.metrics(run)}


def levels(run, thresholds):
    verdicts = judge(run_metrics.stage(run), run_metrics.metrics(run), thresholds)
    return {verdict.metric: verdict.level for verdict in verdicts}


def test_a_good_led_run_passes_every_check(analysed, thresholds):
    run = analysed()
    assert set(levels(run, thresholds).values()) == {Level.PASS}
    metrics = by_name(run)
    assert metrics["coverage"].detail == "1536 of 1536 towers of OHCal"
    outer = TRUTH.bad["dead"][TRUTH.bad["dead"] < 1536]
    assert metrics["dead"].value == len(outer) / 1536
    assert all(f"OHCal {tower} " in metrics["dead"].detail for tower in outer)
    assert len(run_metrics.pictures(run)) == 1


def test_a_good_pedestal_run_passes_every_check(analysed, thresholds):
    run = analysed("pedestal", contents="waveforms", samples=12, events=128)
    assert set(levels(run, thresholds).values()) == {Level.PASS}
    assert by_name(run)["noise"].value == pytest.approx(1.8, abs=0.2)


def test_towers_that_are_not_in_the_run_lower_its_coverage(analysed, thresholds):
    run = analysed()
    short = replace(run, towers=run.towers.iloc[:700])
    assert by_name(short)["coverage"].value == pytest.approx(700 / 1536)
    assert levels(short, thresholds)["coverage"] is Level.FAIL


def test_a_refused_part_of_the_run_is_told(analysed, thresholds):
    run = replace(analysed(), refused=("part2.h5: a tower twice",))
    assert levels(run, thresholds)["files_refused"] is Level.WARN
    assert by_name(run)["files_refused"].detail == "part2.h5: a tower twice"


def test_a_run_without_diodes_says_so(analysed, thresholds):
    run = analysed(with_light=False)
    assert levels(run, thresholds)["light_coverage"] is Level.WARN


def test_a_run_of_dead_towers_only_cannot_be_measured_and_fails(analysed, thresholds):
    run = analysed()
    dead = replace(run, towers=run.towers.assign(status="dead"))
    assert math.isnan(by_name(dead)["precision"].value)
    assert {levels(dead, thresholds)[name] for name in ("dead", "precision", "pulse_height")} == {Level.FAIL}


def test_towers_of_the_emcal_count_among_their_own(analysed):
    run = analysed()
    emcal = replace(run, towers=run.towers.assign(tower_id=np.arange(3072, 3072 + 1536), light=np.nan))
    metrics = by_name(emcal)
    assert metrics["coverage"].detail == "1536 of 24576 towers of EMCal"
    assert math.isnan(metrics["light_coverage"].value)
    assert run_metrics.pictures(emcal) == []
