"""The gate behind a conversion: a sound set passes, each defect is seen by the metric meant for it."""

import base64
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dsa_hcal_assets.quality.judging import judge
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.quality.verdicts import Level
from dsa_hcal_assets.radio.conversion import job
from dsa_hcal_assets.radio.conversion.group import ConversionReport
from dsa_hcal_assets.radio.conversion.quality import measure
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.simulation.uvh5.group import GroupSetup, simulate_group

pytestmark = pytest.mark.radio
DSA = load_profiles()["dsa110"]


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ConversionReport]:
    directory = tmp_path_factory.mktemp("ms")
    group = simulate_group(directory, DSA, GroupSetup(antennas=6, channels=2, integrations=4))
    record = job.convert([str(path) for path in group.files], str(directory / "a.ms"), "dsa110")
    return directory / "a.ms", ConversionReport.from_json(json.loads(json.dumps(record)))


@pytest.fixture
def copy(converted, tmp_path) -> tuple[Path, ConversionReport]:
    shutil.copytree(converted[0], tmp_path / "a.ms")
    return tmp_path / "a.ms", converted[1]


def values(ms: Path, report: ConversionReport) -> dict[str, float]:
    return {metric.name: metric.value for metric in measure(ms, DSA, report)}


def alter(ms: Path, column: str, change, table: str = "") -> None:
    from casacore import tables

    with tables.table(str(ms / table) if table else str(ms), readonly=False, ack=False) as opened:
        opened.putcol(column, change(opened.getcol(column)))


def test_every_metric_has_a_limit_and_a_sound_set_passes_them_all(converted):
    verdicts = judge("measurement_set", measure(converted[0], DSA, converted[1]), Thresholds.load(), "dsa110")
    assert {verdict.level for verdict in verdicts} == {Level.PASS}
    limits = {threshold.metric for threshold in Thresholds.load().of_stage("measurement_set")}
    assert {verdict.metric for verdict in verdicts} == limits


@pytest.mark.parametrize(
    ("column", "change", "metric", "table"),
    [
        ("UVW", lambda uvw: 2 * uvw, "uvw_length_ratio", ""),
        ("UVW", lambda uvw: uvw + 3.0, "uvw_residual", ""),
        ("DATA", np.zeros_like, "zero_windows", ""),
        ("DATA", np.negative, "autos_not_positive", ""),
        ("FLAG", np.ones_like, "flagged_fraction", ""),
        ("POSITION", lambda position: position + 0.1, "antenna_position_error", "ANTENNA"),
        ("REFERENCE_DIR", lambda direction: direction + 1e-5, "phase_centre_error", "FIELD"),
        ("CHAN_WIDTH", lambda width: 1.1 * width, "channel_width_error", "SPECTRAL_WINDOW"),
        ("DATA", lambda data: data * np.nan, "not_finite_unflagged", ""),
        ("CHAN_FREQ", lambda freq: freq[:, ::-1], "windows_not_ascending", "SPECTRAL_WINDOW"),
    ],
)
def test_a_defect_stops_the_set(copy, column, change, metric, table):
    alter(copy[0], column, change, table)
    verdicts = judge("measurement_set", measure(copy[0], DSA, copy[1]), Thresholds.load(), "dsa110")
    assert metric in {verdict.metric for verdict in verdicts if verdict.stops}


@pytest.mark.parametrize("layout", ["single", "per-subband"])
def test_a_meridian_an_integration_passes_and_is_recognised(tmp_path, layout):
    group = simulate_group(tmp_path, DSA, GroupSetup(antennas=5, channels=2, integrations=4))
    choices = {"phase_centre": "meridian", "spw_layout": layout}
    out = tmp_path / "a.ms"
    record = job.convert([str(path) for path in group.files], str(out), "dsa110", choices=choices)
    found = measure(out, DSA, ConversionReport.from_json(json.loads(json.dumps(record))))
    assert {one.level for one in judge("measurement_set", found, Thresholds.load(), "dsa110")} == {Level.PASS}
    (metric,) = [one for one in found if one.name == "meridian_error"]
    assert metric.value < 0.1
    assert metric.detail.startswith("4 fields at hour angle")


def test_lost_rows_are_counted(converted):
    wanted = replace(converted[1], rows=converted[1].rows + 2)
    assert values(converted[0], wanted)["rows_missing"] == 2


def test_the_worker_call_returns_metrics_and_pictures_as_json(converted):
    answer = json.loads(json.dumps(job.measure(str(converted[0]), "dsa110", converted[1].as_json())))
    assert len(answer["metrics"]) == len(Thresholds.load().of_stage("measurement_set"))
    assert len(answer["figures"]) == 6
    assert all(base64.b64decode(png).startswith(b"\x89PNG") for png in answer["figures"].values())
