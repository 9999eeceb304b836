"""The API answers with what is in the database, and with 503 and a reason when that is away."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.errors import PlatformError
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.products import ProductStore, Provenance
from dsa_hcal_assets.quality import Level, Verdict
from dsa_hcal_assets.quality.store import record
from dsa_hcal_assets.radio.quicklook import latency
from dsa_hcal_assets.rig import tables
from dsa_hcal_assets.rig.acquisition import acquire
from dsa_hcal_assets.rig.cleaning import clean
from dsa_hcal_assets.rig.ingest import scan
from dsa_hcal_assets.rig.loading import load_day, raw_day
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.simulation.rig import simulate
from dsa_hcal_assets.web.app import create_app
from dsa_hcal_assets_tests.web.callers import local

START = datetime(2025, 6, 5, tzinfo=UTC)
DAY = "2025-06-05"
PAGE = "<!doctype html><title>QA</title>"


@pytest.fixture
def settings(database, tmp_path):
    return Settings(state_dir=tmp_path, database_url=database.url, webserver_port=3210)


@pytest.fixture
def client(settings):
    with local(create_app(settings)) as client:
        yield client


@pytest.fixture
def away(tmp_path):
    settings = Settings(state_dir=tmp_path, database_url="postgresql://user:s3cret@127.0.0.1:9/d")
    with local(create_app(settings)) as client:
        yield client


@pytest.fixture
def product(database, settings):
    """A published report with one warning and one closed gate."""
    store = ProductStore(settings.products, database)
    with store.publishing("rig_kpis", DAY, Provenance({}, ())) as staged:
        (staged.path / "report.html").write_text(PAGE)
        (staged.path / "plots").mkdir()
        (staged.path / "plots" / "a b.txt").write_text("plot")
    verdicts = [
        Verdict("rig_kpis", "avg_temp", 300, Level.FAIL, True),
        Verdict("rig_kpis", "alert_fraction", 0.5, Level.WARN, False),
    ]
    for _ in range(2):  # judged twice: the latest verdict of each metric counts
        record(database, verdicts, product=staged.product, partition=DAY, run_id="r")
    return staged.product


def load_rig_day(database, settings):
    ledger = Ledger(database, settings.quarantine)
    acquire(simulate(START), settings.incoming / "rig")
    (settings.incoming / "rig" / "bad.csv").write_text("x\n")
    scan(settings.incoming / "rig", ledger, 0)
    load_day(database, ledger, DAY, "run")
    raw = raw_day(database, DAY)
    result = clean(raw.frame, settings.rig)
    tables.store_clean(database, DAY, result, through=raw.through, run_id="run")
    return result


class TestHealth:
    def test_it_counts_the_records(self, client, database, settings):
        result = load_rig_day(database, settings)
        answer = client.get("/api/health").json()
        assert (answer["status"], answer["database"], answer["record_count"]) == ("ok", "up", result.kept)
        assert answer["version"]
        assert abs(utc_now() - datetime.fromisoformat(answer["timestamp"])) < timedelta(minutes=1)


class TestStatus:
    def test_the_last_quick_look_is_told_stage_by_stage(self, client, database, product):
        assert client.get("/api/status").json()["quicklook"] is None
        moments = [START + timedelta(seconds=seconds) for seconds in (0, 1, 3, 9, 10, 20, 22)]
        latency.record(database, latency.in_order(product.product_id, "2025-06-05T20:37:07", moments))
        told = client.get("/api/status").json()["quicklook"]
        assert (told["group_id"], told["seconds_since_landing"]["imaged"]) == ("2025-06-05T20:37:07", 20.0)


class TestOutage:
    @pytest.mark.parametrize("path", ["/api/health", "/api/status", "/products/1/report.html"])
    def test_the_answer_is_503_with_a_reason_and_without_secrets(self, away, path):
        answer = away.get(path)
        assert answer.status_code == 503
        assert answer.json()["database"] == "down"
        assert "127.0.0.1:9" in answer.json()["reason"]
        assert "s3cret" not in answer.text

    def test_metrics_say_down_and_show_no_zeros(self, away):
        answer = away.get("/metrics")
        assert answer.status_code == 200
        assert "dsa_hcal_database_up 0.0" in answer.text
        assert "dsa_hcal_open_alerts" not in answer.text

    def test_the_index_says_so(self, away):
        answer = away.get("/")
        assert answer.status_code == 503
        assert "does not answer" in answer.text
        assert "none yet" not in answer.text

    def test_it_recovers_by_itself(self, client, database):
        assert client.get("/api/health").status_code == 200
        database.rows(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where pid <> pg_backend_pid() and datname = current_database()"
        )
        answers = [client.get("/api/health").status_code for _ in range(2)]
        assert answers[-1] == 200

    def test_a_database_without_schema_is_no_empty_platform(self, client, database):
        with database.transaction() as cursor:
            cursor.execute("alter table platform.alert rename to elsewhere")
        answer = client.get("/api/status")
        assert answer.status_code == 503
        assert "UndefinedTable" in answer.json()["reason"]

    def test_without_any_database_the_application_does_not_start(self, tmp_path):
        with pytest.raises(PlatformError, match="DSA_HCAL_DATABASE_URL"):
            create_app(Settings(state_dir=tmp_path))


class TestProducts:
    def test_files_and_directories_are_readable(self, client, product):
        page = client.get(f"/products/{product.product_id}/report.html")
        assert (page.text, page.headers["content-type"]) == (PAGE, "text/html; charset=utf-8")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert client.get(f"/products/{product.product_id}/plots/a b.txt").text == "plot"
        assert client.get(f"/products/{product.product_id}/").json()["files"] == [
            "manifest.json",
            "plots/",
            "report.html",
        ]

    @pytest.mark.parametrize(
        "path",
        [
            "absent.html",
            "../../../../../secret.txt",
            "..%2f..%2f..%2f..%2f..%2fsecret.txt",
            "%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/secret.txt",
            "/etc/hostname",
            "%2fetc%2fhostname",
            "plots/../../v0001/../../../../../secret.txt",
            "report.html%00.txt",
            "link.txt",
            "x" * 5000,
            "report.html/",
            "..\\secret.txt",
        ],
    )
    def test_nothing_else_is(self, client, product, settings, path):
        (settings.state_dir / "secret.txt").write_text("secret")
        product.path.chmod(0o755)
        (product.path / "link.txt").symlink_to(settings.state_dir / "secret.txt")
        answer = client.get(f"/products/{product.product_id}/{path}")
        assert "secret" not in answer.text
        if path != "report.html/":
            assert answer.status_code == 404

    @pytest.mark.parametrize("product_id", ["0", "999", "-1", str(2**70)])
    def test_an_unknown_product_is_404(self, client, product_id):
        assert client.get(f"/products/{product_id}/report.html").status_code == 404

    def test_nothing_can_be_changed(self, client, product):
        for method in ("post", "put", "delete", "patch"):
            assert getattr(client, method)(f"/products/{product.product_id}/report.html").status_code == 405


class TestIndex:
    def test_it_links_dagster_and_the_latest_reports(self, client, product):
        page = client.get("/").text
        assert f'href="/products/{product.product_id}/report.html"' in page
        assert re.search(r'href="http://[^"/]+:3210/"', page)
        assert "1 failed" in page

    def test_a_report_whose_bytes_are_gone_is_not_linked(self, client, product):
        product.path.chmod(0o755)
        (product.path / "report.html").unlink()
        assert "none yet" in client.get("/").text
