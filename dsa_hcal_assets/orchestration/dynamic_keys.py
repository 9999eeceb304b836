"""Keys of a dynamic partition set, read with their age and removed many at a time.

Dagster's interface removes one key a call, about nine a second, and an automation that is evaluated
meanwhile sees half a removal. Here one transaction takes all of them out of the table Dagster keeps
them in; a storage that is no SQL database gets the interface's calls instead. Nothing else of the
platform writes Dagster's tables, and test_dynamic_keys.py holds them to what is used here.
"""

from collections.abc import Collection
from datetime import UTC, datetime

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.event_log.schema import DynamicPartitionsTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

# Every key is one bound value of a statement; SQLite takes 32,766 of them.
KEYS_A_STATEMENT = 5_000


def ages(instance: dg.DagsterInstance, name: str) -> dict[str, datetime | None]:
    """Return the keys of set `name` with the time each was added, oldest first.

    The time is the database server's own (off by its zone's hours where that is not UTC); None
    where the storage does not tell it.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return dict.fromkeys(sorted(instance.get_dynamic_partitions(name)))
    table = DynamicPartitionsTable.c
    query = (
        sa.select(table.partition, table.create_timestamp)
        .where(table.partitions_def_name == name)
        .order_by(table.id)
    )
    with storage.index_connection() as connection:
        return {key: added.replace(tzinfo=UTC) for key, added in connection.execute(query)}


def remove(instance: dg.DagsterInstance, name: str, keys: Collection[str]) -> None:
    """Take `keys` out of set `name`, all or none of them; those it does not have are passed over.

    Runs, events and checks of the keys stay: added again, a key has its history back.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        for key in keys:
            instance.delete_dynamic_partition(name, key)
        return
    ordered = sorted(keys)
    table = DynamicPartitionsTable.c
    with storage.index_transaction() as connection:
        for first in range(0, len(ordered), KEYS_A_STATEMENT):
            some = table.partition.in_(ordered[first : first + KEYS_A_STATEMENT])
            connection.execute(
                sa.delete(DynamicPartitionsTable).where(table.partitions_def_name == name, some)
            )
