"""A closed gate is one alert with all that closed it; an open one is silence."""

from dataclasses import replace

import pytest

from dsa_hcal_assets.alerts.record import open_alerts
from dsa_hcal_assets.orchestration.gates import tell_if_closed
from dsa_hcal_assets.products import Provenance
from dsa_hcal_assets.quality import Level, Verdict

DAY = "2026-01-02"
COLD = Verdict("rig_kpis", "avg_temp", -4.0, Level.FAIL, True, "deg C", "fail < 0", detail="all night")
FEW = Verdict("rig_kpis", "data_quality_score", 12.0, Level.FAIL, True, "%", "fail < 50")
NOISY = Verdict("rig_kpis", "alert_fraction", 0.5, Level.FAIL, False, "1", "fail > 0.25")
WARM = Verdict("rig_kpis", "avg_temp", 101.0, Level.WARN, True, "deg C", "warn > 100")


@pytest.fixture
def product(installation):
    with installation.products.publishing("rig_kpis", DAY, Provenance({}, (), run_id="r7")) as staged:
        (staged.path / "kpis.json").write_text("{}")
    return staged.product


@pytest.mark.parametrize("verdicts", [[], [WARM], [NOISY], [WARM, NOISY]])
def test_warnings_and_advisory_failures_stop_nothing_and_tell_nothing(installation, product, verdicts):
    tell_if_closed(installation, product, verdicts)
    assert open_alerts(installation.database) == []


def test_all_that_closed_the_gate_is_in_one_alert(installation, product):
    tell_if_closed(installation, product, [COLD, WARM, FEW, NOISY])
    (entry,) = open_alerts(installation.database)
    alert = entry.alert
    assert alert.title == f"rig_kpis of {DAY} is blocked: avg_temp, data_quality_score"
    assert "avg_temp = -4 deg C (fail < 0) all night" in alert.message
    assert "alert_fraction" not in alert.message
    assert (alert.severity, alert.category, alert.source) == ("error", "check", "rig_kpis")
    assert (alert.partition, alert.run_id) == (DAY, "r7")
    assert alert.details == {"avg_temp": -4.0, "data_quality_score": 12.0}


def test_each_version_that_fails_is_told(installation, product):
    """A second version that fails is news: somebody tried to mend it."""
    for _ in range(2):
        tell_if_closed(installation, product, [COLD])
    assert len(open_alerts(installation.database)) == 2


def test_what_could_not_be_measured_is_told_too(installation, product):
    tell_if_closed(installation, product, [replace(COLD, value=float("nan"))])
    (entry,) = open_alerts(installation.database)
    assert entry.alert.details == {"avg_temp": "nan (no number)"}
