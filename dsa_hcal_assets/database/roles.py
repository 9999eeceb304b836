"""Who may do what: readers look, writers load, the owner (who applies migrations) does the rest.

The rights themselves are in ``platform.grant_access()`` (sql/0062). On the embedded server the roles
are made when it starts (bootstrap.py); on another server they are made if the platform's role may
make roles, else an administrator makes them, with `ADMINISTRATOR_SQL`.
"""

from dataclasses import dataclass

from dsa_hcal_assets.database import urls
from dsa_hcal_assets.database.connection import KEPT_CONNECTIONS, Database

READER = "dsa_hcal_reader"
WRITER = "dsa_hcal_writer"
ADMINISTRATOR_SQL = f"""\
create role {READER} nologin;
create role {WRITER} nologin;
grant {READER}, {WRITER} to {{owner}};
"""
# Functions with the owner's rights are for writers; this one only tells how many runs wait.
_GRANT_TELLING = f"grant execute on function platform.run_queue() to {READER}"


@dataclass(frozen=True)
class RoleStanding:
    """A role, and whether it exists and has its rights."""

    role: str
    granted: bool


def grant_access(database: Database) -> list[RoleStanding]:
    """Give the roles their rights on all tables there are and will be; safe to repeat.

    A role that is missing, and that the platform's role may not make, is told as not granted.
    """
    with database.transaction() as cursor:
        cursor.execute("select role_name, granted from platform.grant_access()")
        standings = [RoleStanding(role, granted) for role, granted in cursor.fetchall()]
        if RoleStanding(READER, True) in standings:
            cursor.execute(_GRANT_TELLING)
    return standings


def administrator_sql(database: Database) -> str:
    """Return what an administrator of the server runs where the platform may not make roles."""
    ((owner,),) = database.rows("select quote_ident(current_user)")
    return ADMINISTRATOR_SQL.format(owner=owner)


def reading(
    database: Database,
    *,
    connect_seconds: float = 5,
    statement_seconds: float = 60,
    kept_connections: int = KEPT_CONNECTIONS,
) -> Database:
    """Return connections that can only look: the reader's rights, and read-only transactions.

    Where there is no reader, or the platform's role may not act as it, transactions are read-only all
    the same. Deadlines and kept connections as in `Database`. To be closed by the caller.
    """
    rows = database.rows(
        "select pg_has_role(oid, 'member') from pg_roles where rolname = %s",
        (READER,),
    )
    parameters = urls.parse(database.url)
    options = [parameters.get("options", ""), "-c default_transaction_read_only=on"]
    if rows == [(True,)]:
        options.append(f"-c role={READER}")
    url = urls.build(**parameters | {"options": " ".join(options).strip()})
    return Database(
        url,
        connect_seconds=connect_seconds,
        statement_seconds=statement_seconds,
        kept_connections=kept_connections,
    )
