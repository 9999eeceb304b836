"""The notebook in examples/ runs as it stands, and shows what is in the database."""

import runpy
from pathlib import Path

import matplotlib as mpl
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets_tests.hcal.detector import cycle

NOTEBOOK = Path(__file__).parents[3] / "examples" / "detector-state" / "histories.py"


def test_the_notebook_runs_from_top_to_bottom(
    day: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mpl.use("agg")
    monkeypatch.setenv("DSA_HCAL_DATABASE_URL", day.url)
    shown = runpy.run_path(str(NOTEBOOK))
    assert shown["newest"] == cycle(7)
    # the cycle that is missing is within the age that the notebook allows, so nothing is empty
    assert shown["grid"].shape == (8, 24)
    assert shown["sectors"].shape == (2, 64)
    assert len(shown["state"]) == 1536
    assert shown["table"].num_rows == 7 * 24
    assert "8 times x 24 towers, 0.0% gaps" in capsys.readouterr().out
