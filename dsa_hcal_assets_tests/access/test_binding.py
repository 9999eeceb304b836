"""The API is on this machine only, unless somebody can sign in as admin."""

import pytest

from dsa_hcal_assets.access import Role, tokens
from dsa_hcal_assets.access.binding import is_loopback, require_guarded
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import ConfigurationError, DatabaseUnavailable
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web.app import create_app

EVERYWHERE = [
    "0.0.0.0",
    "::",
    "",
    "192.0.2.1",
    "2001:db8::1",
    "platform.example.org",
    "127.0.0.1.example.org",
]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost", "::ffff:127.0.0.1"])
def test_this_machines_own_addresses_need_no_token(host):
    assert is_loopback(host)
    require_guarded(host, Database("postgresql://user@127.0.0.1:9/nowhere"))


@pytest.mark.parametrize("host", EVERYWHERE)
def test_others_are_refused_without_an_admin_token(database, host):
    assert not is_loopback(host)
    tokens.create(database, "a", Role.OPERATOR, by="test", expires_at=None)
    with pytest.raises(ConfigurationError, match="DSA_HCAL_API_HOST"):
        require_guarded(host, database)
    tokens.create(database, "b", Role.ADMIN, by="test", expires_at=None)
    require_guarded(host, database)
    tokens.revoke(database, "b", by="test")
    with pytest.raises(ConfigurationError, match="tokens create"):
        require_guarded(host, database)


def test_a_database_that_was_never_prepared_has_no_token(database):
    with database.transaction() as cursor:
        cursor.execute("drop schema platform cascade")
    with pytest.raises(ConfigurationError):
        require_guarded("0.0.0.0", database)


def test_without_the_database_the_answer_is_no():
    with pytest.raises(DatabaseUnavailable):
        require_guarded("0.0.0.0", Database("postgresql://user@127.0.0.1:9/nowhere"))


def test_the_application_refuses_too(database, tmp_path):
    settings = Settings(state_dir=tmp_path, database_url=database.url, api_host="0.0.0.0")
    with pytest.raises(ConfigurationError, match=r"0\.0\.0\.0"):
        create_app(settings)
    tokens.create(database, "a", Role.ADMIN, by="test", expires_at=None)
    create_app(settings)
