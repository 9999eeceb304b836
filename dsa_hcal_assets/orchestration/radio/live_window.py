"""The live window of group keys: old ones leave Dagster's partition set and can come back.

A telescope makes 100,000 groups a year, and the UI stays quick up to some 10,000 keys. What left is
recorded in ``radio.retired_key``; products, verdicts and events stay as they are. A late subband or
``dsa-hcal partitions restore`` brings a key back, and the time in the window begins anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import dagster as dg
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import PermanentError, TransientError
from dsa_hcal_assets.orchestration import dynamic_keys
from dsa_hcal_assets.orchestration.incoming import UNFINISHED
from dsa_hcal_assets.orchestration.partitions import GROUP_SET
from dsa_hcal_assets.radio.retired_keys import note_restored

PARTITION = "dagster/partition"
BACKFILLS_AT_WORK = [BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING, BulkActionStatus.FAILING]

_PENDING = "select distinct partition from platform.arrival where state = 'pending' and partition is not null"
_RECORD = """
insert into radio.retired_key (group_key, added_at, retired_at, reason)
select key, added, %(now)s, reason
  from unnest(%(keys)s::text[], %(added)s::timestamptz[], %(reasons)s::text[]) as one (key, added, reason)
    on conflict (group_key) do update
   set added_at = excluded.added_at, retired_at = excluded.retired_at, reason = excluded.reason,
       restored_at = null
"""
_RETIRED = """
select group_key, added_at, retired_at, reason from radio.retired_key
 where restored_at is null order by retired_at desc, group_key desc
"""


class BackfillAtWork(TransientError):
    """A backfill is under way; which keys it still wants only Dagster knows, so none is retired."""


class UnknownKey(PermanentError):
    """A key that was never in the live window."""


@dataclass(frozen=True)
class RetiredKey:
    """A key outside the live window."""

    key: str
    added_at: datetime | None
    retired_at: datetime
    reason: str


def beyond(keys: Mapping[str, datetime | None], *, days: float, most: int, now: datetime) -> dict[str, str]:
    """Return the keys that are beyond the window, oldest first, with the limit each is beyond.

    Parameters
    ----------
    keys
        When each was added, oldest first; None: its age is unknown.
    days, most
        How long a key stays, and how many of the newest may stay at all.
    """
    oldest = now - timedelta(days=days)
    too_many = max(0, len(keys) - most)
    found = {}
    for place, (key, added) in enumerate(keys.items()):
        if added is not None and added < oldest:
            found[key] = f"more than {days:g} days in the live window"
        elif place < too_many:
            found[key] = f"more than {most} keys in the live window"
    return found


def busy(instance: dg.DagsterInstance, database: Database) -> set[str]:
    """Return the keys with pending arrivals or a run that has not ended."""
    pending = {key for (key,) in database.rows(_PENDING)}
    runs = instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
    return pending | {run.tags[PARTITION] for run in runs if PARTITION in run.tags}


def retire(
    instance: dg.DagsterInstance,
    database: Database,
    reasons: Mapping[str, str],
    now: datetime,
) -> list[str]:
    """Take idle keys out of the partition set, all in one transaction; return those that left.

    They are recorded before they leave: a crash in between leaves a record that the next retirement
    or restoration puts right, never a key nobody knows of.

    Parameters
    ----------
    reasons
        The keys, each with the reason to record. Keys the set does not have, or with something
        pending or running, are passed over.

    Raises
    ------
    BackfillAtWork
        While any backfill is under way.
    """
    if instance.get_backfills(filters=BulkActionsFilter(statuses=BACKFILLS_AT_WORK), limit=1):
        raise BackfillAtWork(
            "no key is retired while a backfill is under way",
            kept="all keys in the live window",
            remedy="repeat it when the backfill has ended; the daily schedule does so by itself",
        )
    added = dynamic_keys.ages(instance, GROUP_SET)
    staying = busy(instance, database)
    leaving = [key for key in reasons if key in added and key not in staying]
    record = {
        "keys": leaving,
        "added": [added[key] for key in leaving],
        "reasons": [reasons[key] for key in leaving],
        "now": now,
    }
    with database.transaction() as cursor:
        cursor.execute(_RECORD, record)
    dynamic_keys.remove(instance, GROUP_SET, leaving)
    return leaving


def retired(database: Database) -> list[RetiredKey]:
    """Return the keys outside the live window, last retired first."""
    return [RetiredKey(*row) for row in database.rows(_RETIRED)]


def restore(
    instance: dg.DagsterInstance, database: Database, keys: Sequence[str], now: datetime
) -> list[str]:
    """Put keys back into the partition set; return those that had left it.

    Raises
    ------
    UnknownKey
        If one of them was never in the set; none is restored then.
    """
    known = {one.key for one in retired(database)} | dynamic_keys.ages(instance, GROUP_SET).keys()
    unknown = [key for key in keys if key not in known]
    if unknown:
        raise UnknownKey(
            f"never in the live window: {', '.join(unknown[:5])}",
            expected="keys that `dsa-hcal partitions list --retired` shows",
            kept="nothing was restored",
        )
    instance.add_dynamic_partitions(GROUP_SET, list(keys))
    return note_restored(database, keys, now)
