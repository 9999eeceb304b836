"""Checks that failed are told: what closes the gate as an error, the rest as a warning, until they pass."""

from dataclasses import replace

import pytest

from dsa_hcal_assets.alerts.record import open_alerts
from dsa_hcal_assets.orchestration.gates import tell_failed_checks
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


def told(installation):
    """The open alerts by severity."""
    return {entry.alert.severity.value: entry.alert for entry in open_alerts(installation.database)}


@pytest.mark.parametrize("verdicts", [[], [WARM]])
def test_warnings_tell_nothing(installation, product, verdicts):
    tell_failed_checks(installation, product, verdicts)
    assert told(installation) == {}


def test_checks_that_failed_without_closing_the_gate_are_one_warning(installation, product):
    tell_failed_checks(installation, product, [WARM, NOISY])
    alert = told(installation)["warning"]
    assert alert.title == f"rig_kpis of {DAY} failed checks: alert_fraction"
    assert alert.details == {"alert_fraction": 0.5}


def test_all_that_closed_the_gate_is_in_one_alert(installation, product):
    tell_failed_checks(installation, product, [COLD, WARM, FEW, NOISY])
    alert = told(installation)["error"]
    assert alert.title == f"rig_kpis of {DAY} is blocked: avg_temp, data_quality_score"
    assert "avg_temp = -4 deg C (fail < 0) all night" in alert.message
    assert "alert_fraction" not in alert.message
    assert (alert.severity, alert.category, alert.source) == ("error", "check", "rig_kpis")
    assert (alert.partition, alert.run_id) == (DAY, "r7")
    assert alert.details == {"avg_temp": -4.0, "data_quality_score": 12.0}


def test_a_later_version_ends_the_trouble_as_far_as_it_passes(installation, product):
    tell_failed_checks(installation, product, [COLD, NOISY])
    assert set(told(installation)) == {"error", "warning"}
    tell_failed_checks(installation, product, [NOISY])
    assert set(told(installation)) == {"warning"}
    tell_failed_checks(installation, product, [WARM])
    assert told(installation) == {}


def test_a_version_that_fails_again_is_news_only_if_it_fails_by_others(installation, product):
    for verdicts in ([COLD], [COLD], [COLD, FEW]):
        tell_failed_checks(installation, product, verdicts)
    rows = installation.database.rows("select title from platform.alert order by id")
    assert [title.rpartition(": ")[2] for (title,) in rows] == ["avg_temp", "avg_temp, data_quality_score"]
    assert told(installation)["error"].details == {"avg_temp": -4.0, "data_quality_score": 12.0}


def test_what_could_not_be_measured_is_told_too(installation, product):
    tell_failed_checks(installation, product, [replace(COLD, value=float("nan"))])
    (entry,) = open_alerts(installation.database)
    assert entry.alert.details == {"avg_temp": "nan (no number)"}
