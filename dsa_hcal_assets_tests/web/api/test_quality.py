"""What is measured, its limits here, every verdict given, and one metric over time."""

import math
from urllib.parse import quote

import pytest

from dsa_hcal_assets.products import Provenance
from dsa_hcal_assets.quality import Level, Verdict
from dsa_hcal_assets.quality.store import record
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web.app import create_app
from dsa_hcal_assets_tests.web.callers import local


@pytest.fixture
def judge(store, database):
    def judge(day, value, level=Level.PASS, metric="avg_temp", blocking=True):
        with store.publishing("rig_kpis", day, Provenance({}, ())) as staged:
            (staged.path / "a").write_text("a")
        verdict = Verdict("rig_kpis", metric, value, level, blocking, "deg C", "fail > 80", "", "why")
        record(database, [verdict], product=staged.product, partition=day, run_id="run")
        return staged.product

    return judge


@pytest.fixture
def ask(client):
    def ask(query=""):
        return client.get(f"/api/quality/verdicts?{query}").json()["items"]

    return ask


def test_metrics_are_told_with_the_limits_of_this_installation(database, tmp_path):
    limits = tmp_path / "limits.toml"
    limits.write_text("[rig_kpis.avg_temp]\nwarn_above = 71\n")
    settings = Settings(state_dir=tmp_path, database_url=database.url, thresholds_file=limits)
    with local(create_app(settings)) as client:
        kpis = client.get("/api/quality/metrics?stage=rig_kpis").json()
        everything = client.get("/api/quality/metrics?limit=1000").json()
    (found,) = [one for one in kpis["items"] if one["metric"] == "avg_temp"]
    assert (found["warn_above"], found["unit"]) == (71, "deg C")
    assert kpis["total"] < everything["total"] == len(everything["items"])


def test_verdicts_are_told_newest_first_with_their_limits(ask, judge):
    old, new = judge("2025-06-05", 300, Level.FAIL), judge("2025-06-06", math.nan, Level.WARN)
    found = ask()
    assert [(one["product_id"], one["value"], one["level"]) for one in found] == [
        (new.product_id, None, "warn"),
        (old.product_id, 300, "fail"),
    ]
    assert (found[1]["limit"], found[1]["detail"], found[1]["blocking"]) == ("fail > 80", "why", True)


def test_they_are_asked_for_by_what_they_say(client, ask, judge):
    judge("2025-06-05", 300, Level.FAIL)
    judge("2025-06-06", 60, Level.WARN, blocking=False)
    judge("2025-06-06", 0.1, metric="alert_fraction")

    def values(query):
        return [one["value"] for one in ask(query)]

    assert values("level=fail") == [300]
    assert values("blocking=false") == [60]
    assert values("partition=2025-06-06") == [0.1, 60]
    assert values("metric=alert_fraction&stage=rig_kpis") == [0.1]
    middle = quote(ask()[1]["recorded_at"])
    assert values(f"since={middle}") == [0.1, 60]
    assert values(f"until={middle}") == [300]
    first = client.get("/api/quality/verdicts?limit=2").json()
    assert values(f"limit=2&cursor={first['next']}") == [300]


def test_only_the_latest_of_current_products_count(ask, judge, database):
    judge("2025-06-05", 300, Level.FAIL)
    product = judge("2025-06-05", 70, Level.WARN)
    again = Verdict("rig_kpis", "avg_temp", 70, Level.PASS, True)
    record(database, [again], product=product, partition="2025-06-05", run_id="again")
    assert len(ask()) == 3
    assert [one["level"] for one in ask("counting=true")] == ["pass"]


def test_a_metric_is_a_series_over_partitions_oldest_first(client, judge):
    for day, value in (
        ("2025-06-05", 50.0),
        ("2025-06-06", 51.0),
        ("2025-06-06", 52.0),
        ("2025-06-07", 53.0),
    ):
        judge(day, value)
    answer = client.get("/api/quality/metrics/rig_kpis/avg_temp").json()
    assert [(one["partition"], one["value"]) for one in answer["points"]] == [
        ("2025-06-05", 50.0),
        ("2025-06-06", 52.0),
        ("2025-06-07", 53.0),
    ]
    assert (answer["unit"], answer["truncated"]) == ("deg C", False)
    newest = client.get("/api/quality/metrics/rig_kpis/avg_temp?limit=2").json()
    assert ([one["value"] for one in newest["points"]], newest["truncated"]) == ([52.0, 53.0], True)
    assert client.get("/api/quality/metrics/rig_kpis/nothing").status_code == 404


@pytest.mark.parametrize("path", ["verdicts", "metrics/rig_kpis/avg_temp"])
def test_an_outage_is_no_empty_list(away, path):
    assert away.get(f"/api/quality/{path}").status_code == 503
