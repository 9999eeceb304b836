"""`dsa-hcal status` says what is true: with a platform, without one, without a database."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dsa_hcal_assets.alerts import Alert, Severity, raise_alert
from dsa_hcal_assets.cli.status import status
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.processes import ProcessIdentity
from dsa_hcal_assets.products import ProductStore, Provenance
from dsa_hcal_assets.services.status import ServiceStatus, StackStatus, State, write_status
from dsa_hcal_assets_tests.radio.landed import Site


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DSA_HCAL_STATE_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def connected(state: Path, database, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DSA_HCAL_DATABASE_URL", database.url)
    return state


def run(*words: str) -> Result:
    return CliRunner().invoke(status, list(words))


def serve(state: Path, api: State, supervisor: str | None = None) -> None:
    services = {
        "daemon": ServiceStatus("daemon", State.READY, pid=1),
        "api": ServiceStatus("api", api, port=8110, url="http://127.0.0.1:8110", detail="HTTP 503"),
    }
    write_status(state, StackStatus(supervisor or str(ProcessIdentity.of(os.getpid())), services))


def test_without_platform_and_database_it_says_so(state: Path) -> None:
    found = run()
    assert found.exit_code == 2
    assert f"No platform runs on {state}" in found.output
    assert "There is no database under" in found.output


def test_without_a_platform_the_database_is_still_asked(connected: Path) -> None:
    found = run()
    assert found.exit_code == 2
    assert "No platform runs" in found.output
    assert "No open alerts" in found.output


def test_a_supervisor_that_was_killed_is_no_platform(connected: Path) -> None:
    serve(connected, State.READY, supervisor=f"{os.getpid()}:1:another-boot")
    found = run()
    assert found.exit_code == 2
    assert "The last one has ended" in found.output


def test_a_ready_platform_is_shown_with_its_addresses(connected: Path) -> None:
    serve(connected, State.READY)
    found = run()
    assert found.exit_code == 0, found.output
    assert "The platform runs" in found.output
    assert "http://127.0.0.1:8110" in found.output


def test_a_service_that_is_not_ready_is_named(connected: Path) -> None:
    serve(connected, State.UNHEALTHY)
    found = run()
    assert found.exit_code == 2
    assert "Not ready: api." in found.output
    assert "HTTP 503" in found.output


def test_the_ledger_products_and_alerts_are_counted(connected: Path, database) -> None:
    ledger, landed = Ledger(database, connected / "quarantine"), connected / "rig.csv"
    landed.write_text("rows")
    ledger.accept("rig", landed, subject="2026-01-02", partition="2026-01-02")
    store = ProductStore(connected / "products", database)
    with store.publishing("rig_kpis", "2026-01-02", Provenance({}, ())) as staged:
        (staged.path / "a").write_text("a")
    raise_alert(database, Alert(Severity.ERROR, "check", "too [hot] in sector 3", source="hcal"), [])
    told = run().output
    words = told.replace("│", " ").replace("┃", " ").split()
    at = words.index("rig")
    assert words[at : at + 5] == ["rig", "1", "0", "0", "1"]
    assert words[words.index("rig_kpis") + 1] == "1"
    assert "too [hot] in sector 3" in told
    assert "Open alerts: 1." in told


def test_groups_are_counted_by_state_once_there_are_any(connected: Path, database) -> None:
    assert "Observation groups" not in run().output
    Site(connected, database).land(12, range(14))
    assert "Observation groups: 1 collecting." in run().output


def test_fewer_alerts_are_shown_when_asked(connected: Path, database) -> None:
    for number in range(3):
        raise_alert(database, Alert(Severity.INFO, "test", f"trouble {number}"), [])
    told = run("--alerts", "1").output
    assert "trouble 2" in told
    assert "trouble 0" not in told
    assert "Open alerts: 3." in told


def test_a_database_without_schema_is_told_what_to_do(
    state: Path, server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSA_HCAL_DATABASE_URL", server.url("postgres"))
    found = run()
    assert found.exit_code == 2
    assert "dsa-hcal db migrate" in found.output
