"""The status is of one moment, under the names the telescope's people know, and never made up."""

from datetime import UTC, datetime, timedelta

import psutil

from dsa_hcal_assets.alerts import Alert, Severity, record
from dsa_hcal_assets.quality import Level
from dsa_hcal_assets.radio.catalogues.schedule import store_group_calibrators
from dsa_hcal_assets.web.api.status import StatusAnswer
from dsa_hcal_assets.web.status import Status
from dsa_hcal_assets.web.system_state import SystemState
from dsa_hcal_assets_tests.radio.calibration.test_registry import register
from dsa_hcal_assets_tests.web.api.calibrators import match

NONE = {"total": 0, "collecting": 0, "pending": 0, "in_progress": 0, "completed": 0, "failed": 0}


def test_an_empty_platform_has_zeros_and_nulls(client):
    answer = client.get("/api/status").json()
    assert (answer["ledger"], answer["products"], answer["recent_groups"]) == ({}, {}, [])
    assert answer["queue"] == NONE
    assert answer["verdicts"] == {"pass": 0, "warn": 0, "fail": 0, "blocking_failed": 0}
    assert answer["open_alerts"] == {"total": 0, "by_severity": {}}
    assert (answer["last_snapshot"], answer["quicklook"]) == (None, None)
    assert (answer["calibration_sets"], set(answer["calibration_states"].values())) == ([], {0})


def test_the_queue_counts_groups_by_state_and_shows_the_latest(client, site):
    site.land(12)
    late = site.land(13, range(1, 15))
    answer = client.get("/api/status").json()
    assert answer["queue"] == NONE | {"total": 2, "pending": 1, "collecting": 1}
    latest = answer["recent_groups"][0]
    assert (latest["group_id"], latest["state"]) == (late, "collecting")
    assert (latest["subbands_present"], latest["expected_subbands"]) == (14, 16)
    assert latest["missing_subbands"] == [0, 15]
    assert len(client.get("/api/status?limit=1").json()["recent_groups"]) == 1
    assert client.get("/api/status?limit=0").json()["recent_groups"] == []
    assert client.get("/api/status?limit=1001").status_code == 422


def test_recent_groups_name_the_calibrators_in_their_beam_brightest_first(client, site, database):
    plain, matched = site.land(12), site.land(13)
    store_group_calibrators(database, matched, [match("3C286", 0.9), match("3C287", 0.3)])
    answer = client.get("/api/status").json()
    groups = {one["group_id"]: one for one in answer["recent_groups"]}
    assert not groups[plain]["has_calibrator"]
    assert [one["calibrator"] for one in groups[matched]["matches"]] == ["3C286", "3C287"]
    assert groups[matched]["matches"][0]["response"] == 0.9
    assert answer["matched_recent"] == 1


def test_calibration_sets_tell_which_are_used(client, database):
    used, failed = register(database), register(database, qa="fail")
    answer = client.get("/api/status").json()
    assert {one["set_id"]: one["active"] for one in answer["calibration_sets"]} == {
        used.set_id: True,
        failed.set_id: False,
    }
    assert answer["calibration_sets"][0]["set_name"].startswith("calibration_tables/g/v")
    assert answer["calibration_states"]["active"] == answer["calibration_states"]["retired"] == 1


def test_it_balances_and_counts_what_is_current(client, database, site):
    key = site.land(12, range(3))
    record.insert(database, Alert(Severity.ERROR, "check", "closed gate"))
    product = site.make(key, "measurement_set", Level.FAIL)
    answer = client.get("/api/status").json()
    assert answer["ledger"] == {"uvh5": {"accepted": 3, "loaded": 0, "quarantined": 0, "pending": 3}}
    assert answer["products"]["measurement_set"]["current"] == 1
    assert datetime.fromisoformat(answer["products"]["measurement_set"]["newest"]) == product.created_at
    assert answer["verdicts"] == {"pass": 0, "warn": 0, "fail": 1, "blocking_failed": 1}
    assert answer["open_alerts"] == {"total": 1, "by_severity": {"error": 1}}


def test_the_machine_is_the_one_it_runs_on(client, settings):
    settings.products.mkdir()
    system = client.get("/api/status").json()["system"]
    assert system["memory_total_bytes"] == psutil.virtual_memory().total
    assert 0 < system["disks"]["products"]["free_bytes"] <= system["disks"]["products"]["total_bytes"]
    assert "incoming" not in system["disks"], "it was not made yet"


def test_the_age_of_a_snapshot_is_that_of_its_cycle():
    now = datetime(2026, 1, 2, 12, tzinfo=UTC)
    status = Status(
        now, {}, dict.fromkeys(("collecting", "pending", "in progress", "completed", "failed"), 1), {},
        {"pass": 1, "warn": 0, "fail": 0, "blocking_failed": 0}, {"error": 2, "info": 1},
        now - timedelta(minutes=10),
    )  # fmt: skip
    shown = StatusAnswer.of(status, SystemState(1, (0, 0, 0), 1, 1, {}), "1").model_dump(by_alias=True)
    assert shown["last_snapshot"] == {"cycle": now - timedelta(minutes=10), "age_seconds": 600}
    assert shown["open_alerts"] == {"total": 3, "by_severity": {"error": 2, "info": 1}}
    assert (shown["timestamp"], shown["queue"]["total"]) == (now, 5)
