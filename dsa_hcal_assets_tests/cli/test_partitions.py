"""`dsa-hcal partitions`: keys in the Dagster UI, keys that left it, and both ways."""

import pytest
from click.testing import CliRunner, Result

from dsa_hcal_assets.cli.partitions import partitions
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.orchestration.partitions import GROUPS
from dsa_hcal_assets.orchestration.radio.live_window import UnknownKey
from dsa_hcal_assets.orchestration.storage import opened_instance

OLD, NEW = "2025-06-05T20:37:07", "2025-06-05T20:42:16"


def run(*words: str) -> Result:
    return CliRunner().invoke(partitions, list(words))


@pytest.fixture
def keys(database: Database, tmp_path, monkeypatch):
    """A platform's Dagster tables with two keys; what the UI would show of them."""
    monkeypatch.setenv("DSA_HCAL_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("DSA_HCAL_DATABASE_URL", database.url)
    with opened_instance(database.url) as instance:
        instance.add_dynamic_partitions(GROUPS.name, [OLD, NEW])
        yield lambda: list(instance.get_dynamic_partitions(GROUPS.name))


def test_live_keys_are_listed_newest_first(keys):
    lines = run("list").output.splitlines()
    assert [line.split()[0] for line in lines] == [NEW, OLD, "2"]
    assert lines[-1] == "2 live, 0 retired"
    assert run("list", "--limit", "1").output.splitlines()[0].startswith(NEW)


def test_a_retired_key_is_gone_from_the_window_and_listed_as_retired(keys):
    found = run("retire", OLD)
    assert (found.exit_code, found.output) == (0, f"{OLD} is retired\n")
    assert keys() == [NEW]
    lines = run("list", "--retired").output.splitlines()
    assert lines[0].split()[:2] == [OLD, "retired"]
    assert lines[1] == "1 live, 1 retired"


def test_a_key_at_work_stays_and_the_command_says_so(keys, database, tmp_path):
    (tmp_path / "late.hdf5").write_bytes(b"x")
    ledger = Ledger(database, tmp_path / "quarantine")
    ledger.accept("uvh5", tmp_path / "late.hdf5", subject=f"{OLD}/sb03", partition=OLD)
    found = run("retire", OLD, NEW)
    assert found.exit_code == 1
    assert f"{OLD} stays" in found.output
    assert f"{NEW} is retired" in found.output
    assert keys() == [OLD]


def test_a_restored_key_is_live_again(keys):
    run("retire", OLD)
    assert run("restore", OLD, NEW).output == f"{OLD} is live again\n{NEW} was live already\n"
    assert sorted(keys()) == [OLD, NEW]


def test_a_key_nobody_knows_is_not_made(keys):
    assert isinstance(run("restore", "2001-01-01T00:00:00").exception, UnknownKey)
    assert keys() == [OLD, NEW]
