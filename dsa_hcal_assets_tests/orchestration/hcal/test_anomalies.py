"""A bad day is reported, alarmed and closed to corrections, in one run."""

import dagster as dg
import pandas as pd
import pytest

from dsa_hcal_assets.alerts.record import open_alerts
from dsa_hcal_assets.errors import GateBlocked
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration import hcal
from dsa_hcal_assets.orchestration.hcal.sensor import look
from dsa_hcal_assets.quality.store import latest
from dsa_hcal_assets_tests.hcal import detector
from dsa_hcal_assets_tests.hcal.detector import DAY, snapshot


def run_day(
    installation: Installation, instance: dg.DagsterInstance, *without: str
) -> dg.ExecuteInProcessResult:
    look(installation)
    return dg.materialize(
        list(hcal.ASSETS),
        selection=dg.AssetSelection.groups("hcal") - dg.AssetSelection.assets(*without),
        partition_key=DAY,
        resources={"installation": installation},
        instance=instance,
        raise_on_error=False,
    )


def test_a_day_with_most_cycles_missing_is_reported_and_closed_to_corrections(
    installation: Installation, instance: dg.DagsterInstance
) -> None:
    detector.land(installation.settings.incoming / "hcal", snapshot(0), snapshot(9))
    assert run_day(installation, instance).success

    report = installation.products.require_passed("detector_qa_report", DAY).path / "report.html"
    assert "Corrections are BLOCKED for this day: cycles_present, tower_coverage" in report.read_text()
    with pytest.raises(GateBlocked, match="cycles_present"):
        installation.products.require_passed("detector_anomalies", DAY)
    product = installation.products.current("detector_anomalies", DAY)
    assert product is not None
    gaps = pd.read_csv(product.path / "gaps.csv")
    assert gaps["cycles"].tolist()[0] == 8
    # the next run, with the rest of the day, opens it again
    detector.land(installation.settings.incoming / "hcal", *(snapshot(number) for number in range(1, 9)))
    assert run_day(installation, instance, "detector_qa_report").success
    assert installation.products.require_passed("detector_anomalies", DAY).version == 2


def test_anomalies_are_a_product_with_their_verdicts(
    installation: Installation, instance: dg.DagsterInstance
) -> None:
    dead = [detector.with_channel(snapshot(number), "80", 3, bias=0.1) for number in range(2)]
    detector.land(installation.settings.incoming / "hcal", *dead)
    assert run_day(installation, instance, "detector_qa_report").success
    product = installation.products.require_passed("detector_anomalies", DAY)
    found = pd.read_csv(product.path / "anomalies.csv")
    assert found[["kind", "quantity", "place", "severity"]].to_numpy().tolist() == [
        ["off", "bias", "O-09S", "error"]
    ]
    off = {one.metric: one for one in latest(installation.database, product.product_id)}["half_sectors_off"]
    assert (off.value, off.detail) == (1, "O-09S")
    # it happened in 2025: nobody is called
    assert not [entry for entry in open_alerts(installation.database) if entry.alert.category == "anomaly"]
