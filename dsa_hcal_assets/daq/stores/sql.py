"""Rows in a table of PostgreSQL, MySQL, MariaDB or SQLite, with the progress in the same transaction.

The table has the envelope's columns, `row` (the place of a row within its message, from 0) and the payload's;
its key is (producer, epoch, sequence, row), so that not even two stores can double a message. Times have
microseconds. When a producer's columns change, the table follows (`sql_table`). Rows the database refuses
for their content are refused by message; all that may pass by itself is `SinkUnavailable`.
"""

from collections.abc import Sequence

import pyarrow as pa

from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.stores.buffered import BufferedSink
from dsa_hcal_assets.daq.stores.interface import Refusal, SinkUnavailable
from dsa_hcal_assets.daq.stores.options import SqlOptions
from dsa_hcal_assets.daq.stores.progress import newest
from dsa_hcal_assets.daq.stores.rows import Block, blocks_of, unstored
from dsa_hcal_assets.daq.stores.sql_connection import ContentRefused, SqlConnection
from dsa_hcal_assets.daq.stores.sql_insert import insert
from dsa_hcal_assets.daq.stores.sql_progress import Overtaken, SqlProgress
from dsa_hcal_assets.daq.stores.sql_table import LONGEST_ID, SqlTable, in_sql_columns

_LARGEST = 2**63 - 1


class SqlSink(BufferedSink[Block]):
    """Writes rows into a table.

    Parameters
    ----------
    options
        See `SqlOptions`. The database is first asked when something is to be written.

    Raises
    ------
    ConfigurationError
        If no driver is known for the URL.
    """

    def __init__(self, options: SqlOptions) -> None:
        self._database = SqlConnection(
            options.url.get_secret_value(), options.connect_deadline, options.statement_deadline
        )
        super().__init__(f"table {options.table} of {self._database.name}")
        self._table = SqlTable(options.table, options.db_schema)
        self._progress = SqlProgress(options.table, options.db_schema)
        self._known = False

    def stored(self, producer: str, epoch: int) -> int:
        """Return the last sequence of this producer and epoch that is durably kept, 0 if none."""
        if not self._known:
            self._look()
        return super().stored(producer, epoch)

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    def _prepare(self, messages: Sequence[Message]) -> tuple[list[Block], list[Refusal]]:
        refusals = []
        for message in messages:
            if max(len(message.producer), len(message.topic)) > LONGEST_ID:
                refusals.append(Refusal(message, f"a name of more than {LONGEST_ID} characters"))
            elif max(message.epoch, message.sequence) > _LARGEST:
                refusals.append(Refusal(message, f"an epoch or sequence above {_LARGEST}"))
        refused = {id(refusal.message) for refusal in refusals}
        blocks, without_rows = blocks_of([message for message in messages if id(message) not in refused])
        fitting = []
        for block in blocks:
            try:
                fitting.append(block.with_table(in_sql_columns(block.table)))
            except (pa.ArrowException, ValueError) as error:
                without_rows += [Refusal(message, str(error)) for message in block.messages]
        return fitting, [*refusals, *without_rows]

    def _commit(self) -> Sequence[Refusal]:
        if not self._known:
            self._look()
        # the last run is the next one; a run whose content is refused is halved until the message is found
        runs = [self._pending] if self._pending else []
        try:
            while runs:
                reason = self._store(runs[-1])
                run = runs.pop()
                if reason is not None:
                    halves = _halves(run)
                    if not halves:
                        return [Refusal(run[0].messages[0], reason)]
                    runs += halves
        finally:
            self._pending = [block for run in reversed(runs) for block in run]
        return []

    def _look(self) -> None:
        with self._database.transaction() as connection:
            self._stored = self._progress.load(connection)
        self._taken = self._taken.joined(self._stored)
        self._table.forget()
        self._pending = unstored(self._pending, self._stored)
        self._known = True

    def _store(self, run: Sequence[Block]) -> str | None:
        """Store the blocks of `run` in one transaction; return why the database refuses their content."""
        progress = newest([message for block in run for message in block.messages])
        self._known = False
        try:
            with self._database.transaction() as connection:
                self._table.provide(connection, [block.table for block in run])
                # first, so that rows of another store are met as its progress and not as bad content
                self._progress.move(connection, self._stored, progress.entries())
                for block in run:
                    insert(connection, self._table.table, self._table.fitting(block.table), block.rows)
        except ContentRefused as error:
            self._table.forget()
            self._known = True
            return str(error)
        except Overtaken as error:
            raise SinkUnavailable(
                f"{self.name}: another store writes the same messages",
                kept="nothing was written by this attempt",
                remedy="none if this store has just been started again; otherwise stop one of the two",
            ) from error
        self._stored = self._stored.joined(progress)
        self._known = True
        return None


def _halves(run: Sequence[Block]) -> list[list[Block]]:
    """Return the later and the earlier half of `run`, nothing if it is one message."""
    parts = list(run) if len(run) > 1 else list(run[0].parts())
    middle = len(parts) // 2
    return [parts[middle:], parts[:middle]] if middle else []
