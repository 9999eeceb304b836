"""Silences: alerts that are recorded but not told for a while, such as those of announced work."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dsa_hcal_assets.alerts.model import Severity
from dsa_hcal_assets.alerts.record import NOTIFY
from dsa_hcal_assets.clock import require_utc, utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import BadInput

_COLUMNS = """
    id, category, source, partition, title, up_to, reason, created_at, created_by, ends_at,
    lifted_at, lifted_by
"""
_CREATE = """
insert into platform.alert_silence (category, source, partition, title, up_to, reason, created_by, ends_at)
values (%(category)s, %(source)s, %(partition)s, %(title)s, %(up_to)s, %(reason)s, %(who)s, %(ends_at)s)
returning {columns}
""".replace("{columns}", _COLUMNS)
_LIST = """
select {columns} from platform.alert_silence
 where %(ended)s or (lifted_at is null and ends_at > clock_timestamp())
 order by id desc
 limit %(limit)s
""".replace("{columns}", _COLUMNS)
_LIFT = """
update platform.alert_silence set lifted_at = clock_timestamp(), lifted_by = %s
 where id = %s and lifted_at is null and ends_at > clock_timestamp()
"""


class BadSilence(BadInput):
    """A silence that would silence everything, or nothing."""


@dataclass(frozen=True)
class Matchers:
    """What alerts a silence is for: all that is given has to match; ``*`` stands for any text.

    Attributes
    ----------
    category, source, partition, title
        Patterns; None: any.
    up_to
        Most urgent severity that is silenced.
    """

    category: str | None = None
    source: str | None = None
    partition: str | None = None
    title: str | None = None
    up_to: Severity = Severity.CRITICAL


@dataclass(frozen=True)
class Silence:
    """A silence in the record."""

    silence_id: int
    matchers: Matchers
    reason: str
    created_at: datetime
    created_by: str
    ends_at: datetime
    lifted_at: datetime | None
    lifted_by: str | None


def silence(
    database: Database, matchers: Matchers, *, until: datetime, who: str, reason: str = ""
) -> Silence:
    """Silence alerts until a time; also those that are waiting to be told.

    Raises
    ------
    BadSilence
        If nothing is to be matched, or the time has passed.
    """
    if all(one is None for one in (matchers.category, matchers.source, matchers.partition, matchers.title)):
        raise BadSilence(
            "a silence without a matcher",
            expected="a category, source, partition or title",
            remedy="silence category * to silence everything",
        )
    if require_utc(until) <= utc_now():
        raise BadSilence("a silence that has ended", expected="a time to come", found=until.isoformat())
    values = {**vars(matchers), "up_to": matchers.up_to.value, "who": who, "reason": reason, "ends_at": until}
    with database.transaction() as cursor:
        cursor.execute(_CREATE, values)
        row = cursor.fetchone()
    if row is None:
        raise RuntimeError("insert into platform.alert_silence returned no row")
    return _silence(row)


def silences(database: Database, *, ended: bool = False, limit: int = 1000) -> list[Silence]:
    """Return the silences in force, newest first; with `ended` also the others."""
    return [_silence(row) for row in database.rows(_LIST, {"ended": ended, "limit": limit})]


def lift(database: Database, silence_id: int, who: str) -> bool:
    """End a silence now; False when there is none of that number in force.

    What it held back and is still wrong is told.
    """
    with database.transaction() as cursor:
        cursor.execute(_LIFT, (who, silence_id))
        lifted = cursor.rowcount == 1
        cursor.execute("select pg_notify(%s, '')", (NOTIFY,))
    return lifted


def _silence(row: tuple[Any, ...]) -> Silence:
    silence_id, category, source, partition, title, up_to, *rest = row
    return Silence(silence_id, Matchers(category, source, partition, title, Severity(up_to)), *rest)
