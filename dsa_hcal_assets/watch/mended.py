"""Alerts of events whose cause is gone: files released from quarantine, groups that were opened again."""

from dsa_hcal_assets.alerts.record import resolve
from dsa_hcal_assets.database.connection import Database

_MENDED = """
select dedup_key from platform.alert
 where resolved_at is null and starts_with(dedup_key, 'quarantine:')
   and not exists (select from platform.arrival
                    where arrival_id = split_part(dedup_key, ':', 2)::bigint and state = 'quarantined')
union
select dedup_key from platform.alert
 where resolved_at is null and starts_with(dedup_key, 'stale:')
   and not exists (select from radio.observation_group
                    where group_key = substr(dedup_key, 7) and state = 'failed')
"""


def close_mended(database: Database) -> int:
    """Close these alerts; return how many there were."""
    return sum(resolve(database, key) for (key,) in database.rows(_MENDED))
