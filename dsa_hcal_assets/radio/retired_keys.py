"""Groups whose keys left the live window of partitions (``radio.retired_key``), and when one comes back."""

from collections.abc import Collection
from datetime import datetime

from dsa_hcal_assets.database.connection import Database

_RESTORED = """
update radio.retired_key set restored_at = greatest(retired_at, %(now)s)
 where restored_at is null and group_key = any(%(keys)s)
returning group_key
"""


def note_restored(database: Database, keys: Collection[str], now: datetime) -> list[str]:
    """Record that keys are in the live window again; return those that had been retired."""
    return [key for (key,) in database.rows(_RESTORED, {"keys": list(keys), "now": now})]
