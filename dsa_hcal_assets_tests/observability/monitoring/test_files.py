"""What is kept in deploy/ is what the code makes."""

from pathlib import Path

import pytest

from dsa_hcal_assets.observability.monitoring.files import files

DEPLOY = Path(__file__).parents[3] / "deploy"
REMEDY = "run: python -m dsa_hcal_assets.observability.monitoring deploy"


@pytest.mark.parametrize("name", sorted(files()))
def test_a_file_is_up_to_date(name):
    assert (DEPLOY / name).read_text(encoding="utf-8") == files()[name], REMEDY


def test_there_is_no_other_dashboard():
    kept = {f"grafana/dashboards/{one.name}" for one in (DEPLOY / "grafana" / "dashboards").iterdir()}
    assert kept <= set(files()), REMEDY
