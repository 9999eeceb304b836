"""The numbers of the platform: of one moment, of what counts now, and never made up."""

import psycopg2
import pytest

from dsa_hcal_assets.alerts import Alert, Severity, record
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import DatabaseUnavailable
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.products import ProductStore, Provenance
from dsa_hcal_assets.quality import Level, Verdict
from dsa_hcal_assets.quality.store import record as judge
from dsa_hcal_assets.web.status import read_status

DAY = "2026-01-02"


@pytest.fixture
def publish(database, tmp_path):
    store = ProductStore(tmp_path / "products", database)

    def publish(kind, *levels, partition=DAY):
        with store.publishing(kind, partition, Provenance({}, ())) as staged:
            (staged.path / "file").write_text(kind)
        verdicts = [
            Verdict(kind, f"metric {number}", 1.0, level, blocking)
            for number, (level, blocking) in enumerate(levels)
        ]
        if verdicts:
            judge(database, verdicts, product=staged.product, partition=partition, run_id="r")
        return staged.product

    return publish


def test_verdicts_on_current_products_count_and_no_others(database, publish):
    publish("rig_kpis", (Level.FAIL, True), (Level.FAIL, True))
    publish("rig_kpis", (Level.PASS, True), (Level.WARN, True), (Level.FAIL, False))
    publish("rig_clean", (Level.FAIL, True))
    assert read_status(database).verdicts == {"pass": 1, "warn": 1, "fail": 2, "blocking_failed": 1}


def test_old_verdicts_are_not_counted_but_a_gate_they_closed_is(database, publish):
    publish("rig_kpis", (Level.FAIL, True), (Level.PASS, True))
    with database.transaction() as cursor:
        cursor.execute("update platform.verdict set recorded_at = now() - interval '2 days'")
    publish("rig_clean", (Level.WARN, True))
    assert read_status(database).verdicts == {"pass": 0, "warn": 1, "fail": 0, "blocking_failed": 1}


def test_products_are_counted_by_kind_with_the_time_of_the_newest(database, publish):
    publish("rig_kpis")
    publish("rig_kpis", partition="2026-01-03")
    newest = publish("rig_kpis", partition="2026-01-03")
    assert read_status(database).products == {"rig_kpis": {"current": 2, "newest": newest.created_at}}


def test_the_ledger_balances_by_source(database, tmp_path):
    ledger = Ledger(database, tmp_path / "quarantine")
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name)
    loaded = ledger.accept("rig", tmp_path / "a", subject="a", partition=DAY).arrival
    ledger.accept("rig", tmp_path / "b", subject="b", partition=DAY)
    ledger.accept("hcal", tmp_path / "c", subject="c", partition=DAY)
    with database.transaction() as cursor:
        ledger.mark_loaded(cursor, [loaded], "r")
    found = read_status(database).ledger
    assert found["rig"] == {"accepted": 2, "loaded": 1, "quarantined": 0, "pending": 1}
    assert found["hcal"]["pending"] == 1


def test_only_open_alerts_count(database):
    for key, severity in [("a", Severity.ERROR), ("b", Severity.ERROR), ("c", Severity.INFO)]:
        record.insert(database, Alert(severity, "test", key, dedup_key=key))
    record.resolve(database, "a")
    assert read_status(database).alerts == {"error": 1, "info": 1}


def test_before_the_first_snapshot_there_is_no_age(database):
    status = read_status(database)
    assert (status.last_snapshot, status.snapshot_age_seconds) == (None, None)


def test_reading_changes_nothing_even_by_mistake(database, monkeypatch):
    from dsa_hcal_assets.web import status

    monkeypatch.setattr(status, "_SNAPSHOT", "delete from platform.alert returning id")
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        read_status(database)


def test_without_the_database_there_is_an_error_and_no_zeros():
    with pytest.raises(DatabaseUnavailable):
        read_status(Database("postgresql://u@127.0.0.1:9/d", connect_seconds=1))
