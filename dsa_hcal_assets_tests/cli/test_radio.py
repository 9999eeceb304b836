"""`dsa-hcal radio`: help that teaches, refusals that name what is wrong, a report from stored results."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dsa_hcal_assets.cli.radio import radio


def run(*words: str) -> Result:
    return CliRunner().invoke(radio, list(words))


def test_help_shows_a_whole_chain() -> None:
    told = run("--help").output
    for step in ("radio flag", "radio calibrate", "radio apply", "radio image", "radio report"):
        assert step in told


@pytest.mark.parametrize("step", ["flag", "calibrate", "apply", "image", "report"])
def test_every_step_explains_itself(step: str) -> None:
    found = run(step, "--help")
    assert found.exit_code == 0
    assert len(found.output.splitlines()) > 5


def test_an_unknown_profile_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "group.ms").mkdir()
    found = run("flag", str(tmp_path / "group.ms"), str(tmp_path / "out"), "--profile", "alma")
    assert found.exit_code == 1
    assert "no profile 'alma'; known: dsa110, vla" in found.output
    assert not (tmp_path / "out").exists()


def test_a_report_is_made_of_what_the_steps_left(tmp_path: Path) -> None:
    stored = tmp_path / "flags"
    stored.mkdir()
    metrics = [{"name": "flagged_fraction", "value": 0.02, "detail": "mine"}]
    (stored / "result.json").write_text(json.dumps({"metrics": metrics, "figures": []}))
    out = tmp_path / "report.html"
    found = run("report", str(out), "--profile", "vla", "--group", "g", "--stage", "flags", str(stored))
    assert found.exit_code == 0, found.output
    assert "flagged_fraction" in out.read_text()


def test_a_stage_without_a_result_is_named(tmp_path: Path) -> None:
    found = run(
        "report", str(tmp_path / "r"), "--profile", "vla", "--group", "g", "--stage", "flags", str(tmp_path)
    )
    assert found.exit_code == 1
    assert "result.json" in found.output
