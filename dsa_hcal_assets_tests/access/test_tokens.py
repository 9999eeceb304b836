"""Tokens: what is shown, what is kept, and when they end."""

import re
from datetime import timedelta

import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.access import Caller, Role, sessions, tokens
from dsa_hcal_assets.access.secrets import SESSION_PREFIX, TOKEN_PREFIX, Secret
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database import roles
from dsa_hcal_assets.errors import ConfigurationError


@pytest.fixture
def issue(database):
    def issue(name="control-room", role=Role.OPERATOR, lifetime=None):
        expires_at = utc_now() + lifetime if lifetime else None
        return tokens.create(database, name, role, by="shifter", expires_at=expires_at)

    return issue


class TestRoles:
    @pytest.mark.parametrize(
        ("role", "covered"),
        [
            (Role.VIEWER, {Role.VIEWER}),
            (Role.OPERATOR, {Role.VIEWER, Role.OPERATOR}),
            (Role.ADMIN, {Role.VIEWER, Role.OPERATOR, Role.ADMIN}),
        ],
    )
    def test_each_has_the_rights_of_those_before(self, role, covered):
        assert {needed for needed in Role if role.covers(needed)} == covered


class TestSecrets:
    def test_a_secret_is_read_back_and_holds_256_bits(self):
        secret = Secret.new(TOKEN_PREFIX)
        assert Secret.parse(secret.text) == secret
        assert re.fullmatch(r"dsahcal_[0-9a-f]{12}_[\w-]{43}", secret.text)

    def test_no_two_are_alike(self):
        assert len({Secret.new(TOKEN_PREFIX).private for _ in range(1000)}) == 1000

    def test_its_private_part_is_not_in_its_repr(self):
        secret = Secret.new(TOKEN_PREFIX)
        assert secret.private not in repr(secret)

    @given(st.text())
    def test_other_texts_are_none(self, text):
        assert Secret.parse(text) is None

    @pytest.mark.parametrize(
        "damage", [str.upper, lambda text: text + "A", lambda text: text[:-1], lambda text: text + "\n"]
    )
    def test_a_damaged_one_is_none(self, damage):
        assert Secret.parse(damage(Secret.new(TOKEN_PREFIX).text)) is None


class TestTokens:
    def test_a_token_tells_its_callers_name_and_role(self, database, issue):
        secret = issue()
        found = tokens.caller(database, Secret.parse(secret.text))
        assert found == Caller("control-room", Role.OPERATOR, secret.public_id)

    def test_only_a_digest_is_kept(self, database, issue):
        secret = issue()
        ((row,),) = database.rows("select access_token::text from platform.access_token")
        assert secret.private not in row
        assert secret.digest.hex() in row

    def test_another_secret_under_the_same_id_is_refused(self, database, issue):
        secret = issue()
        forged = Secret(TOKEN_PREFIX, secret.public_id, Secret.new(TOKEN_PREFIX).private)
        assert tokens.caller(database, forged) is None

    def test_an_unknown_token_is_refused(self, database):
        assert tokens.caller(database, Secret.new(TOKEN_PREFIX)) is None

    def test_a_revoked_one_is_refused_at_once_and_only_it(self, database, issue):
        first, second = issue("first"), issue("second")
        assert tokens.revoke(database, "first", by="shifter") == "first"
        assert tokens.caller(database, first) is None
        assert tokens.caller(database, second) is not None
        with pytest.raises(ConfigurationError, match="no token 'first'"):
            tokens.revoke(database, "first", by="shifter")

    def test_it_can_be_revoked_by_its_public_part(self, database, issue):
        assert tokens.revoke(database, issue().public_id, by="shifter") == "control-room"

    def test_an_expired_one_is_refused(self, database, issue):
        secret = issue(lifetime=timedelta(seconds=-1))
        assert tokens.caller(database, secret) is None
        assert [token.live for token in tokens.listed(database)] == [False]

    def test_its_use_is_noted_once_a_minute(self, database, issue):
        secret = issue()
        assert tokens.listed(database)[0].last_used_at is None
        tokens.caller(database, secret)
        first = tokens.listed(database)[0].last_used_at
        tokens.caller(database, secret)
        assert tokens.listed(database)[0].last_used_at == first
        database.rows("update platform.access_token set last_used_at = '2025-06-05' returning 1")
        tokens.caller(database, secret)
        assert tokens.listed(database)[0].last_used_at > first

    def test_a_wrong_secret_is_no_use(self, database, issue):
        tokens.caller(database, Secret(TOKEN_PREFIX, issue().public_id, "x" * 43))
        assert tokens.listed(database)[0].last_used_at is None

    def test_a_name_is_one_tokens_until_that_is_revoked(self, database, issue):
        issue()
        with pytest.raises(ConfigurationError, match="already"):
            issue()
        tokens.revoke(database, "control-room", by="shifter")
        issue()

    @pytest.mark.parametrize("name", ["", "x" * 65, "two\nlines", "nul\0"])
    def test_a_name_is_short_and_printable(self, issue, name):
        with pytest.raises(ConfigurationError, match="cannot name"):
            issue(name)

    def test_roles_in_use_are_those_of_valid_tokens(self, database, issue):
        assert tokens.roles_in_use(database) == set()
        issue("a", Role.ADMIN)
        issue("b", Role.ADMIN, timedelta(seconds=-1))
        issue("c", Role.VIEWER)
        assert tokens.roles_in_use(database) == {Role.ADMIN, Role.VIEWER}
        tokens.revoke(database, "a", by="shifter")
        assert tokens.roles_in_use(database) == {Role.VIEWER}


class TestSessions:
    @pytest.fixture
    def signed_in(self, database, issue):
        secret = issue()
        caller = tokens.caller(database, secret)
        return sessions.start(database, caller, timedelta(hours=1), "192.0.2.7")

    def test_a_session_has_the_rights_of_its_token(self, database, signed_in):
        found = sessions.caller(database, Secret.parse(signed_in.text))
        assert (found.name, found.role) == ("control-room", Role.OPERATOR)

    def test_a_session_is_no_token_nor_holds_it(self, database, signed_in):
        assert signed_in.prefix == SESSION_PREFIX
        assert tokens.caller(database, signed_in) is None

    def test_signing_out_ends_it_and_only_with_its_secret(self, database, signed_in):
        sessions.end(database, Secret(SESSION_PREFIX, signed_in.public_id, "x" * 43))
        assert sessions.caller(database, signed_in) is not None
        sessions.end(database, signed_in)
        assert sessions.caller(database, signed_in) is None

    def test_revoking_the_token_ends_it(self, database, signed_in):
        tokens.revoke(database, "control-room", by="shifter")
        assert sessions.caller(database, signed_in) is None

    def test_it_ends_by_itself_and_is_forgotten_by_the_next(self, database, signed_in):
        caller = sessions.caller(database, signed_in)
        over = sessions.start(database, caller, timedelta(seconds=-1), "192.0.2.7")
        assert sessions.caller(database, over) is None
        sessions.start(database, caller, timedelta(hours=1), "192.0.2.7")
        rows = database.rows("select session_id from platform.access_session")
        assert (over.public_id,) not in rows
        assert (signed_in.public_id,) in rows


@pytest.mark.parametrize("role", [roles.READER, roles.WRITER])
def test_readers_and_writers_of_the_database_have_no_part_in_it(database, issue, role):
    issue()
    roles.grant_access(database)
    with database.transaction() as cursor:
        cursor.execute(f"set local role {role}")
        cursor.execute("select count(*) from platform.access_token")
        assert cursor.fetchone() == (0,)
    made = "values ('0123456789ab', 'me', 'admin', sha256('x'), 'me')"
    with pytest.raises(psycopg2.Error, match=r"row-level security|permission denied"):
        act_as(
            database,
            role,
            "insert into platform.access_token (token_id, name, role, secret_sha256, created_by) " + made,
        )


def act_as(database, role, statement):
    with database.transaction() as cursor:
        cursor.execute(f"set local role {role}")
        cursor.execute(statement)
