"""One deployment's parts: made when first asked for, from its settings, and from nothing else."""

import subprocess
import sys

import pytest

from dsa_hcal_assets.alerts import Alert, Severity
from dsa_hcal_assets.alerts.record import open_alerts
from dsa_hcal_assets.errors import ConfigurationError, DatabaseUnavailable
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.products import Provenance
from dsa_hcal_assets.settings import Settings

TROUBLE = Alert(Severity.ERROR, "check", "the rig is too hot", "90 deg C")


@pytest.fixture
def installation(database, tmp_path):
    installation = Installation(Settings(state_dir=tmp_path, database_url=database.url))
    yield installation
    installation.database.close()


def test_making_one_reads_and_makes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("DSA_HCAL_NO_SUCH_SETTING", "1")
    Installation()
    Installation(Settings(state_dir=tmp_path / "new"))
    assert list(tmp_path.iterdir()) == []


def test_the_environment_is_read_when_settings_are_first_needed_and_then_kept(tmp_path, monkeypatch):
    installation = Installation()
    monkeypatch.setenv("DSA_HCAL_STATE_DIR", str(tmp_path / "one"))
    assert installation.settings.state_dir == tmp_path / "one"
    monkeypatch.setenv("DSA_HCAL_STATE_DIR", str(tmp_path / "two"))
    assert installation.settings.state_dir == tmp_path / "one"


def test_a_wrong_environment_is_told_when_it_is_read(monkeypatch):
    monkeypatch.setenv("DSA_HCAL_API_PORT", "many")
    with pytest.raises(ConfigurationError, match="DSA_HCAL_API_PORT"):
        _ = Installation().settings


def test_settings_given_win_over_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("DSA_HCAL_STATE_DIR", "/elsewhere")
    assert Installation(Settings(state_dir=tmp_path)).settings.state_dir == tmp_path


def test_without_a_url_and_without_a_platform_there_is_no_database(tmp_path):
    with pytest.raises(DatabaseUnavailable):
        _ = Installation(Settings(state_dir=tmp_path)).database


def test_parts_are_made_once_and_share_the_database(installation):
    assert installation.products is installation.products
    assert installation.ledger is installation.ledger
    with installation.products.publishing("rig_kpis", "2026-01-02", Provenance({}, ())) as staged:
        (staged.path / "kpis.json").write_text("{}")
    rows = installation.database.rows("select kind from platform.current_product")
    assert rows == [("rig_kpis",)]
    assert staged.product.path.is_relative_to(installation.settings.products)


def test_quality_limits_are_those_of_the_installations_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("[rig_kpis.avg_temp]\nwarn_above = 42\n")
    limits = Installation(Settings(state_dir=tmp_path, thresholds_file=file)).thresholds
    assert limits.by_stage["rig_kpis"]["avg_temp"].limits.warn_above == 42


class TestTelling:
    def test_an_alert_is_recorded_and_logged(self, installation, caplog):
        installation.tell(TROUBLE)
        (entry,) = open_alerts(installation.database)
        assert entry.alert.title == TROUBLE.title
        assert TROUBLE.title in caplog.text

    @pytest.mark.parametrize(
        "broken",
        [
            {},
            {"database_url": "postgresql://u:hunter2@127.0.0.1:9/d"},
            {"database_url": "postgresql://u@127.0.0.1:9/d", "webhook_url": "not-an-address-s3cret"},
        ],
        ids=["no database", "database away", "webhook nonsense"],
    )
    def test_it_never_raises_and_the_log_still_has_it(self, tmp_path, caplog, broken):
        Installation(Settings(state_dir=tmp_path, **broken)).tell(TROUBLE)
        assert TROUBLE.title in caplog.text
        assert "hunter2" not in caplog.text
        assert "s3cret" not in caplog.text


def test_importing_it_is_light():
    program = (
        "import sys, dsa_hcal_assets.installation\n"
        "sys.exit(bool({'dagster', 'psycopg2', 'pandas', 'httpx', 'casatasks'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0
