"""Sessions of browsers: opened with a token, good for hours, ended by signing out or with the token.

A browser sends its cookie to every port of a host, so the cookie is not the token: whoever reads it there
has some hours, and only until the browser signs out.
"""

from datetime import timedelta

from dsa_hcal_assets.access.roles import Caller, Role
from dsa_hcal_assets.access.secrets import SESSION_PREFIX, Secret
from dsa_hcal_assets.access.tokens import LIVE
from dsa_hcal_assets.database.connection import Database

_FORGET = "delete from platform.access_session where expires_at < clock_timestamp()"
_OPEN = """
insert into platform.access_session (session_id, token_id, secret_sha256, expires_at, address)
values (%s, %s, %s, clock_timestamp() + %s, %s)
"""
_FIND = f"""
select name, role, token_id, session.secret_sha256
  from (select session_id, token_id, secret_sha256 from platform.access_session
         where expires_at > clock_timestamp()) session
  join platform.access_token using (token_id)
 where session_id = %s and {LIVE}
"""  # noqa: S608 - constants
_CLOSE = "delete from platform.access_session where session_id = %s and secret_sha256 = %s"


def start(database: Database, caller: Caller, lifetime: timedelta, address: str) -> Secret:
    """Open a session for a caller that showed a token; return what the cookie holds."""
    secret = Secret.new(SESSION_PREFIX)
    with database.transaction() as cursor:
        cursor.execute(_FORGET)
        cursor.execute(_OPEN, (secret.public_id, caller.token_id, secret.digest, lifetime, address))
    return secret


def caller(database: Database, shown: Secret) -> Caller | None:
    """Return whose open session was shown; None if it is not, is over, or its token is."""
    for name, role, token_id, digest in database.rows(_FIND, (shown.public_id,)):
        if shown.is_that_of(bytes(digest)):
            return Caller(name, Role(role), token_id)
    return None


def end(database: Database, shown: Secret) -> None:
    """Close a session, if it is one."""
    with database.transaction() as cursor:
        cursor.execute(_CLOSE, (shown.public_id, shown.digest))
