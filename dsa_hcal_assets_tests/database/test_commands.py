"""`dsa-hcal db` and `dsa-hcal quarantine`, as a user types them."""

import pytest
from click.testing import CliRunner

from dsa_hcal_assets.cli.database import db
from dsa_hcal_assets.cli.quarantine import quarantine
from dsa_hcal_assets.database import migrations
from dsa_hcal_assets.errors import BadInput, ConfigurationError
from dsa_hcal_assets.ledger import Ledger


@pytest.fixture
def run(database, tmp_path):
    environ = {"DSA_HCAL_DATABASE_URL": database.url, "DSA_HCAL_STATE_DIR": str(tmp_path)}

    def run(group, *arguments, **more):
        return CliRunner().invoke(group, arguments, env=environ | more, catch_exceptions=False)

    return run


def test_status_lists_every_migration_and_succeeds_when_none_waits(run):
    result = run(db, "status")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.output.splitlines()] == sorted(
        path.stem for path in migrations.SQL_DIR.glob("*.sql")
    )


def test_migrate_says_when_there_is_nothing_to_do(run):
    assert "up to date" in run(db, "migrate").output


def test_without_any_database_the_remedy_is_named(run):
    with pytest.raises(ConfigurationError, match="dsa-hcal up"):
        run(db, "status", DSA_HCAL_DATABASE_URL="")


def test_a_quarantined_file_is_listed_with_its_remedy_and_released(run, database, tmp_path):
    path = tmp_path / "incoming" / "a.h5"
    path.parent.mkdir()
    path.write_text("half")
    ledger = Ledger(database, tmp_path / "quarantine")
    arrival = ledger.quarantine_arrival("hcal", path, BadInput("a.h5 is truncated", remedy="copy it again"))

    listed = run(quarantine, "list", "--details").output
    assert "a.h5 is truncated" in listed
    assert "remedy: copy it again" in listed
    assert "nothing is in quarantine" in run(quarantine, "list", "--source", "rig").output

    assert "is pending again" in run(quarantine, "release", str(arrival.arrival_id)).output
    assert path.read_text() == "half"
    assert "nothing is in quarantine" in run(quarantine, "list").output
