"""`dsa-hcal tokens`: who may use the API."""

import getpass

import pytest
from click.testing import CliRunner, Result

from dsa_hcal_assets.access import Role, audit
from dsa_hcal_assets.access import tokens as kept
from dsa_hcal_assets.access.secrets import Secret
from dsa_hcal_assets.cli.tokens import tokens
from dsa_hcal_assets.errors import ConfigurationError


def run(*words: str) -> Result:
    return CliRunner().invoke(tokens, list(words))


@pytest.fixture(autouse=True)
def installation(database, tmp_path, monkeypatch):
    monkeypatch.setenv("DSA_HCAL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DSA_HCAL_DATABASE_URL", database.url)


def test_a_token_is_printed_alone_and_works(database):
    done = run("create", "control-room", "--role", "operator")
    token = Secret.parse(done.stdout.strip())
    assert kept.caller(database, token).role is Role.OPERATOR
    assert token.text not in done.stderr


def test_it_is_a_viewers_for_a_year_unless_said_otherwise(database):
    run("create", "a")
    run("create", "b", "--days", "0")
    first, second = kept.listed(database)
    assert (first.role, (first.expires_at - first.created_at).days) == (Role.VIEWER, 364)
    assert second.expires_at is None


def test_all_are_listed_with_their_standing_and_never_their_secret(database):
    secrets = [Secret.parse(run("create", name).stdout.strip()) for name in ("first", "second")]
    kept.caller(database, secrets[0])
    run("revoke", "second")
    told = run("list").output
    lines = told.splitlines()
    assert lines[0].startswith(secrets[0].public_id)
    assert "valid until" in lines[0]
    assert "never used" not in lines[0]
    assert "revoked" in lines[1]
    assert lines[2] == "1 valid of 2"
    assert not any(secret.private in told for secret in secrets)


def test_an_expired_one_is_told(database):
    run("create", "old", "--days", "1")
    database.rows("update platform.access_token set expires_at = now() - interval '1 day' returning 1")
    assert "expired" in run("list").output


def test_a_revoked_one_is_refused_from_then_on(database):
    token = Secret.parse(run("create", "lost").stdout.strip())
    assert run("revoke", token.public_id).output == "the token lost is refused from now on\n"
    assert kept.caller(database, token) is None
    with pytest.raises(ConfigurationError, match="no token 'lost'"):
        raise run("revoke", "lost").exception


def test_what_is_done_is_in_the_audit_without_the_secret(database):
    token = Secret.parse(run("create", "a", "--role", "admin").stdout.strip())
    run("revoke", "a")
    revoked, created = audit.entries(database)
    assert (created.method, created.route, revoked.route) == ("CLI", "tokens create", "tokens revoke")
    assert (created.name, created.address) == (getpass.getuser(), "command line")
    assert created.parameters == {"name": "a", "role": "admin", "id": token.public_id}
