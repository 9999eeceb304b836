"""Tokens: made and taken back on the command line, looked up at each request.

There is no way to make one over HTTP, so that whoever gets hold of an admin's token, or browser, cannot
give himself another that outlives it.
"""

from dataclasses import dataclass
from datetime import datetime

import psycopg2.errors

from dsa_hcal_assets.access.roles import Caller, Role
from dsa_hcal_assets.access.secrets import TOKEN_PREFIX, Secret
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import ConfigurationError

MAX_NAME = 64
LIVE = "revoked_at is null and (expires_at is null or expires_at > clock_timestamp())"
_INSERT = """
insert into platform.access_token (token_id, name, role, secret_sha256, created_by, expires_at)
values (%s, %s, %s, %s, %s, %s)
"""
_LIST = f"""
select token_id, name, role, created_at, created_by, expires_at, last_used_at, revoked_at, {LIVE}
  from platform.access_token order by created_at
"""  # noqa: S608 - constants
_REVOKE = """
update platform.access_token set revoked_at = clock_timestamp(), revoked_by = %(by)s
 where revoked_at is null and %(which)s in (name, token_id) returning name
"""
_FIND = f"""
select name, role, secret_sha256, coalesce(last_used_at < clock_timestamp() - interval '1 minute', true)
  from platform.access_token where token_id = %s and {LIVE}
"""  # noqa: S608 - constants
_USED = "update platform.access_token set last_used_at = clock_timestamp() where token_id = %s"


@dataclass(frozen=True)
class Token:
    """A token as people see it; `live`: it is neither revoked nor expired."""

    token_id: str
    name: str
    role: Role
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    live: bool


def create(database: Database, name: str, role: Role, *, by: str, expires_at: datetime | None) -> Secret:
    """Make a token and return it; this is the only time that its secret can be seen.

    Raises
    ------
    ConfigurationError
        If the name has no or too many characters, or a token that was not revoked has it.
    """
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise ConfigurationError(
            f"{name!r} cannot name a token", expected=f"1 to {MAX_NAME} printable characters"
        )
    secret = Secret.new(TOKEN_PREFIX)
    try:
        with database.transaction() as cursor:
            cursor.execute(_INSERT, (secret.public_id, name, role, secret.digest, by, expires_at))
    except psycopg2.errors.UniqueViolation as error:
        raise ConfigurationError(
            f"there is a token {name!r} already",
            remedy=f"choose another name, or `dsa-hcal tokens revoke {name}` first",
        ) from error
    return secret


def listed(database: Database) -> list[Token]:
    """Return all tokens there were, oldest first."""
    return [Token(token_id, name, Role(role), *rest) for token_id, name, role, *rest in database.rows(_LIST)]


def revoke(database: Database, which: str, *, by: str) -> str:
    """Take back the token of that name or public part, at once and for its sessions too; return its name.

    Raises
    ------
    ConfigurationError
        If there is none, or it was taken back before.
    """
    with database.transaction() as cursor:
        cursor.execute(_REVOKE, {"which": which, "by": by})
        row = cursor.fetchone()
    if row is None:
        raise ConfigurationError(
            f"there is no token {which!r} to revoke", remedy="`dsa-hcal tokens list` shows them"
        )
    return str(row[0])


def roles_in_use(database: Database) -> set[Role]:
    """Return the roles that somebody can have by a valid token; none before the table was made."""
    if database.rows("select to_regclass('platform.access_token')") == [(None,)]:
        return set()
    rows = database.rows(f"select distinct role from platform.access_token where {LIVE}")  # noqa: S608 - constants
    return {Role(role) for (role,) in rows}


def caller(database: Database, shown: Secret) -> Caller | None:
    """Return whose valid token was shown, and note its use; None if it is not."""
    with database.transaction() as cursor:
        cursor.execute(_FIND, (shown.public_id,))
        row = cursor.fetchone()
        if row is None or not shown.is_that_of(bytes(row[2])):
            return None
        name, role, _, due = row
        if due:
            cursor.execute(_USED, (shown.public_id,))
    return Caller(name, Role(role), shown.public_id)
