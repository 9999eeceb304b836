"""How far each store has come, in the database itself: moved by the transaction that brings the rows."""

from collections.abc import Iterable

import sqlalchemy as sa

from dsa_hcal_assets.daq.stores.progress import Entry, Progress
from dsa_hcal_assets.daq.stores.sql_table import LONGEST_ID, exact_text


class Overtaken(Exception):
    """Another store has moved the progress meanwhile: look again at what is stored."""


class SqlProgress:
    """The rows of `daq_progress` that belong to one table.

    Parameters
    ----------
    table
        Name of the table whose progress it is.
    schema
        Where both are.
    """

    def __init__(self, table: str, schema: str | None) -> None:
        self._store = table
        self._schema = schema

    def load(self, connection: sa.Connection) -> Progress:
        """Return what the database says, making the table of progress if there is none."""
        table = self._table(connection)
        table.create(connection, checkfirst=True)
        columns = table.c
        found = connection.execute(
            sa.select(columns.producer, columns.epoch, columns.sequence).where(columns.store == self._store)
        )
        return Progress((producer, epoch, sequence) for producer, epoch, sequence in found)

    def move(self, connection: sa.Connection, before: Progress, entries: Iterable[Entry]) -> None:
        """Write the new state of some producers, as part of the transaction of `connection`.

        Raises
        ------
        Overtaken
            If the database's state was not `before`.
        """
        table = self._table(connection)
        for producer, epoch, sequence in entries:
            known = before.last(producer, epoch)
            key = {"store": self._store, "producer": producer, "epoch": epoch}
            if known == 0:
                try:
                    connection.execute(table.insert().values(**key, sequence=sequence))
                except sa.exc.IntegrityError as error:
                    raise Overtaken from error
                continue
            where = [table.c[name] == value for name, value in key.items()]
            moved = connection.execute(
                table.update().where(*where, table.c.sequence == known).values(sequence=sequence)
            )
            if moved.rowcount != 1:
                raise Overtaken

    def _table(self, connection: sa.Connection) -> sa.Table:
        exact = exact_text(connection.dialect)
        return sa.Table(
            "daq_progress",
            sa.MetaData(),
            sa.Column("store", sa.String(LONGEST_ID), primary_key=True),
            sa.Column("producer", exact, primary_key=True),
            sa.Column("epoch", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("sequence", sa.BigInteger, nullable=False),
            schema=self._schema,
            mysql_engine="InnoDB",
            mysql_charset="utf8mb4",
        )
