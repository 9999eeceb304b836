"""Whether the database answers, how big it is, how busy."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.observability import catalogue

_SERVER = """
select pg_database_size(datid), numbackends, current_setting('max_connections')::int,
       xact_commit, xact_rollback, blks_hit, blks_read, deadlocks
  from pg_stat_database where datname = current_database()
"""


def database_metrics(database: Database) -> Iterator[Metric]:
    """Yield the metrics of the server.

    Raises
    ------
    DatabaseUnavailable
        If it does not answer.
    """
    ((size, connections, limit, committed, rolled_back, cached, read, deadlocks),) = database.rows(_SERVER)
    yield catalogue.DATABASE_BYTES.one(size)
    yield catalogue.DATABASE_CONNECTIONS.one(connections)
    yield catalogue.DATABASE_CONNECTIONS_LIMIT.one(limit)
    yield catalogue.DATABASE_TRANSACTIONS.family({("committed",): committed, ("rolled back",): rolled_back})
    yield catalogue.DATABASE_BLOCKS.family({("memory",): cached, ("disk",): read})
    yield catalogue.DATABASE_DEADLOCKS.one(deadlocks)
