"""What Dagster sees: the graph as it is meant to be, quick to import, asking nothing of the environment."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dsa_hcal_assets.definitions import build_definitions
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.checks import check_name, check_specs
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets_tests.definitions_graph import COMMAND, SNAPSHOT, describe

REPOSITORY = Path(__file__).parents[1]
HEAVY = (
    "astropy",
    "casatasks",
    "casatools",
    "great_expectations",
    "h5py",
    "matplotlib",
    "pandas",
    "pyuvdata",
    "scipy",
)
# each snapshot and each reading is judged by itself; what comes of it is in the database, not on an asset
JUDGED_INSIDE_A_STAGE = {"snapshot", "anomaly", "hcal_spool"}
# Every one of these would be refused, or fail to open, if anything looked at it.
HOSTILE = {
    "DSA_HCAL_NO_SUCH_SETTING": "1",
    "DSA_HCAL_API_PORT": "many",
    "DSA_HCAL_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
    "DSA_HCAL_THRESHOLD__RIG_KPIS__NO_SUCH_METRIC__WARN_ABOVE": "1",
    "DSA_HCAL_THRESHOLDS_FILE": "/no/such/file.toml",
    "PIPELINE_DB": "/x.sqlite",
}
IMPORT = f"""
import json, sys, time
begun = time.perf_counter()
import dsa_hcal_assets.definitions
dsa_hcal_assets.definitions.defs().get_repository_def()
heavy = sorted(set({HEAVY!r}) & set(sys.modules))
print(json.dumps({{"heavy": heavy, "seconds": time.perf_counter() - begun}}))
"""


def python(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def assets():
    return {asset.key.to_user_string(): asset for asset in build_definitions().assets}


def test_the_graph_is_the_one_that_was_agreed_on():
    found, wanted = describe(build_definitions()), SNAPSHOT.read_text(encoding="utf-8")
    assert found == wanted, f"the graph changed; if it was meant to, run `{COMMAND}` and commit {SNAPSHOT}"


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """What importing the definitions does, in a fresh process with an environment full of mistakes."""
    found = python("-c", IMPORT, cwd=tmp_path_factory.mktemp("elsewhere"), **HOSTILE)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


def test_importing_loads_no_heavy_package_and_reads_no_environment(imported):
    assert imported["heavy"] == []


def test_importing_takes_seconds_at_most(imported):
    # 1.4 s on a quiet machine, nearly all of it Dagster itself
    assert imported["seconds"] < 15


def test_plain_dagster_validates_the_definitions(tmp_path):
    """By module from anywhere, and by workspace.yaml at the top of the repository."""
    (tmp_path / "tmp").mkdir()
    environment = {"DAGSTER_DISABLE_TELEMETRY": "yes", "TMPDIR": str(tmp_path / "tmp")}
    for words, cwd in ((["-m", "dsa_hcal_assets.definitions"], tmp_path), ([], REPOSITORY)):
        found = python("-m", "dagster", "definitions", "validate", *words, cwd=cwd, **environment)
        assert found.returncode == 0, found.stderr
        assert "All code locations passed validation" in found.stderr + found.stdout
    assert list((tmp_path / "tmp").glob("dagster-without-platform-*")) == []


def test_every_asset_explains_itself_and_is_gated(assets):
    thresholds = Thresholds.load(environ={})
    for name, asset in assets.items():
        (spec,) = asset.specs
        assert spec.description, f"{name} has no description"
        assert any(one.blocking for one in thresholds.of_stage(name)), f"no blocking check of {name}"


def test_a_blocking_check_stops_its_run_but_where_the_run_has_to_report_it(assets):
    thresholds = Thresholds.load(environ={})
    silent = {
        name
        for name, asset in assets.items()
        if {check.name for check in asset.check_specs if check.blocking}
        != {check_name(one.metric) for one in thresholds.of_stage(name) if one.blocking}
    }
    assert silent == {"detector_anomalies"}


def test_every_check_says_what_it_measures_and_its_limits(assets):
    for asset in assets.values():
        for check in asset.check_specs:
            assert "Limits: " in (check.description or ""), check.name


def test_every_stage_of_the_thresholds_file_is_an_asset(assets):
    assert set(Thresholds.load(environ={}).stages()) == {*assets, *JUDGED_INSIDE_A_STAGE}


def test_thresholds_of_the_environment_never_change_the_graph(monkeypatch):
    before = check_specs("rig_kpis")
    monkeypatch.setenv("DSA_HCAL_THRESHOLD__RIG_KPIS__AVG_TEMP__BLOCKING", "false")
    assert check_specs("rig_kpis") == before


def test_every_heavy_step_waits_for_its_pool(assets):
    heavy = {name for name, asset in assets.items() if {"casa", "numpy"} & next(iter(asset.specs)).kinds}
    assert heavy
    assert {name for name, asset in assets.items() if asset.op.pool == "heavy"} == heavy


def test_definitions_work_on_the_installation_they_are_given(tmp_path):
    mine = Installation(Settings(state_dir=tmp_path))
    assert build_definitions(mine).resources["installation"] is mine
