"""Events from landing to the day's time line, through sensor and asset, on a real database."""

from typing import Any

import dagster as dg
import pandas as pd

from dsa_hcal_assets.hcal.events.event_file import write_event
from dsa_hcal_assets.hcal.events.recording import record
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.hcal.events import control_events, events_sensor, look
from dsa_hcal_assets.quality.store import latest
from dsa_hcal_assets.quality.verdicts import Level
from dsa_hcal_assets_tests.hcal.events.told import event

DAY = "2025-06-05"


def run_day(installation: Installation, instance: dg.DagsterInstance) -> Any:
    resources = {"installation": installation}
    return dg.materialize([control_events], partition_key=DAY, resources=resources, instance=instance)


def test_landed_events_become_the_time_line_of_their_day(
    installation: Installation, instance: dg.DagsterInstance
) -> None:
    incoming = installation.settings.incoming / "events"
    for one in (event("led_on", 5, half_sector=3), event("led_off", 0), event("note", value={"text": "hot"})):
        write_event(incoming, one)
    context = dg.build_sensor_context(instance=instance, resources={"installation": installation})
    result: Any = events_sensor(context)
    assert [request.partition_key for request in result.run_requests] == [DAY]

    assert run_day(installation, instance).success
    product = installation.products.require_passed("control_events", DAY)
    kinds = pd.read_csv(product.path / "events.csv")["kind"].tolist()
    assert kinds == ["led_off", "note", "led_on"]
    levels = {verdict.metric: verdict.level for verdict in latest(installation.database, product.product_id)}
    # nobody said that the LEDs went off, years ago
    assert levels.pop("led_hours") is Level.FAIL
    assert set(levels.values()) == {Level.PASS}
    assert look(installation) == []


def test_a_contradiction_is_seen_on_the_day(installation: Installation, instance: dg.DagsterInstance) -> None:
    incoming = installation.settings.incoming / "events"
    record(
        event("gain_changed", value={"gain": "high"}), incoming, installation.database, installation.ledger
    )
    write_event(incoming, event("gain_changed", value={"gain": "normal"}))
    look(installation)
    assert run_day(installation, instance).success
    product = installation.products.require_passed("control_events", DAY)
    (verdict,) = [
        one for one in latest(installation.database, product.product_id) if one.metric == "quarantined"
    ]
    assert (verdict.level, verdict.value) == (Level.WARN, 1)


def test_a_day_without_events_is_an_empty_time_line(
    installation: Installation, instance: dg.DagsterInstance
) -> None:
    assert run_day(installation, instance).success
    path = installation.products.require_passed("control_events", DAY).path / "events.csv"
    assert len(pd.read_csv(path)) == 0
