"""`dsa-hcal simulate uvh5`: what it writes, what it says, what it refuses."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dsa_hcal_assets.cli.simulate import simulate

TINY = ("--antennas", "4", "--channels", "1")


def run(*words: str) -> Result:
    return CliRunner().invoke(simulate, ["uvh5", *words])


def test_help_shows_a_full_size_group_and_a_row_of_groups() -> None:
    told = run("--help").output
    assert "--antennas 96 --channels 48 \\\n" in told
    assert "--groups 4" in told


def test_groups_in_a_row_are_written_and_named(tmp_path: Path) -> None:
    found = run(str(tmp_path / "made"), *TINY, "--groups", "2", "--leave-out", "3", "--leave-out", "9")
    assert found.exit_code == 0, found.output
    assert "group 2025-06-05T20:37:07: 14 subbands" in found.output
    assert "group 2025-06-05T20:42:16: 14 subbands" in found.output
    files = list((tmp_path / "made").glob("*.hdf5"))
    assert len(files) == 28
    assert not [path for path in files if path.stem.endswith(("sb03", "sb09"))]
    assert not list((tmp_path / "made").glob(".*"))


def test_every_choice_reaches_the_truth(tmp_path: Path) -> None:
    words = ("--calibrator", "3C286", "--day", "2025-06-07", "--seed", "5", "--phase", "zenith", "--no-noise")
    damage = ("--interference", "narrowband", "--interference", "transient", "--dead-antennas", "1")
    left_out = [word for number in range(1, 16) for word in ("--leave-out", str(number))]
    # --out is how the directory was given before
    found = run("--out", str(tmp_path), *TINY, *words, *damage, "--field-sources", "2", *left_out)
    assert found.exit_code == 0, found.output
    (path,) = tmp_path.glob("*_truth.json")
    truth = json.loads(path.read_text())
    assert truth["setup"] == {
        "day": "2025-06-07",
        "calibrator": "3C286",
        "antennas": 4,
        "channels": 1,
        "integrations": 24,
        "seed": 5,
        "correlator_scale": 1 / 200,
        "noise": False,
        "phase": "zenith",
        "field_sources": 2,
        "interference": ["narrowband", "transient"],
        "dead_antennas": 1,
    }
    assert truth["noise_sigma_jy"] == 0
    assert truth["group"].startswith("2025-06-07")


@pytest.mark.parametrize(
    "words",
    [(), ("here", "--out", "there"), ("here", "--antennas", "118"), ("here", "--groups", "0")],
)
def test_what_makes_no_sense_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch, words
) -> None:
    monkeypatch.chdir(tmp_path)
    found = run(*words)
    assert found.exit_code == 2
    assert list(tmp_path.iterdir()) == []
