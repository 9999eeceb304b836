"""The audit: what was asked, by whom, from where, and what came of it.

An action is written down before it is done and completed by its answer, so that nothing is done that is
not in the audit, whatever happens in between.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg2.extras import Json

from dsa_hcal_assets.access.masking import masked
from dsa_hcal_assets.access.roles import Caller
from dsa_hcal_assets.database.connection import Database

COMMAND_LINE = "command line"
_MAX_ROUTE = 500
_INSERT = """
insert into platform.audit (name, role, token_id, address, method, route, parameters, outcome, status,
                            answered_at)
values (%(name)s, %(role)s, %(token_id)s, %(address)s, %(method)s, %(route)s, %(parameters)s, %(outcome)s,
        %(status)s, case when %(outcome)s <> 'asked' then clock_timestamp() end)
returning audit_id
"""
_ANSWER = """
update platform.audit set outcome = %s, status = %s, answered_at = clock_timestamp()
 where audit_id = %s and outcome = 'asked'
"""
_ENTRIES = """
select audit_id, at, name, role, token_id, address, method, route, parameters, outcome, status, answered_at
  from platform.audit
 where (%(before)s::bigint is null or audit_id < %(before)s)
   and (%(name)s::text is null or name = %(name)s)
   and (%(outcome)s::text is null or outcome = %(outcome)s)
   and (%(since)s::timestamptz is null or at >= %(since)s)
   and (%(until)s::timestamptz is null or at < %(until)s)
 order by audit_id desc limit %(limit)s
"""


@dataclass(frozen=True)
class Action:
    """What is asked: caller (None: unknown), where from, method, route and parameters.

    `token_id` is the public part of what an unknown caller showed.
    """

    caller: Caller | None
    address: str
    method: str
    route: str
    parameters: dict[str, Any] = field(default_factory=dict)
    token_id: str | None = None


@dataclass(frozen=True)
class Entry:
    """One row of the audit; see docs/schema.md, ``platform.audit``."""

    audit_id: int
    at: datetime
    name: str
    role: str | None
    token_id: str | None
    address: str
    method: str
    route: str
    parameters: dict[str, Any]
    outcome: str
    status: int | None
    answered_at: datetime | None


def ask(database: Database, action: Action) -> int:
    """Write down an action that is about to be done; return its number."""
    return _insert(database, action, "asked", None)


def answer(database: Database, audit_id: int, status: int) -> None:
    """Complete an action by the HTTP status of its answer."""
    with database.transaction() as cursor:
        cursor.execute(_ANSWER, (_outcome(status), status, audit_id))


def record(database: Database, action: Action, status: int | None = None) -> None:
    """Write down an action together with its answer; done, if that is no HTTP status."""
    _insert(database, action, "done" if status is None else _outcome(status), status)


def entries(
    database: Database,
    *,
    name: str | None = None,
    outcome: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Entry]:
    """Return the newest entries first: of a caller, of an outcome, of a time, older than entry `before`."""
    asked = {"name": name, "outcome": outcome, "since": since, "until": until}
    rows = database.rows(_ENTRIES, asked | {"before": before, "limit": limit})
    return [Entry(*row) for row in rows]


def _insert(database: Database, action: Action, outcome: str, status: int | None) -> int:
    caller = action.caller
    values = {
        "name": caller.name if caller else "",
        "role": caller.role if caller else None,
        "token_id": caller.token_id if caller else action.token_id,
        "address": action.address,
        "method": action.method,
        "route": masked(action.route)[:_MAX_ROUTE],
        "parameters": Json(masked(action.parameters)),
        "outcome": outcome,
        "status": status,
    }
    with database.transaction() as cursor:
        cursor.execute(_INSERT, values)
        ((audit_id,),) = cursor.fetchall()
    return int(audit_id)


def _outcome(status: int) -> str:
    return "done" if status < 400 else "refused" if status < 500 else "failed"
