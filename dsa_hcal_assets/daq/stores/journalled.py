"""Files of formats that cannot be cut back: rows go to a journal first, and the file follows.

HDF5, ROOT and Parquet files are useless, or lost, when their writer dies in the middle. So each flush
appends the rows to a journal beside the file (`<file>.open.arrows`, an Arrow IPC stream that any Arrow reader
opens while it grows), which is synced and cut back as every appended file is. The file itself is written
at the same time under an open name (`<stem>.open<suffix>`), and renamed when it is whole; then the journal
is removed. After a crash, or when the disk was full, the file is made again from the journal. The price: rows
of the open file lie on the disk twice, and are written twice; `rotate_size` bounds it (the journal's bytes).

When a producer's columns change: a file has one set of columns. Rows with more columns, or wider numbers,
begin a new file, with the columns of both; rows with fewer are filled up with missing values; messages with
a column of a type that cannot be joined with the known one (text and numbers) are refused. Columns are
carried from file to file until the store is closed in order.
"""

import logging
import os
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from dsa_hcal_assets.daq.durable_file import sync_directory
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.stores.appending import AppendingSink, Bytes
from dsa_hcal_assets.daq.stores.columns import fit, joined
from dsa_hcal_assets.daq.stores.interface import Refusal
from dsa_hcal_assets.daq.stores.options import FileOptions
from dsa_hcal_assets.daq.stores.rows import Block, blocks_of

logger = logging.getLogger(__name__)


class Part(Protocol):
    """A file that is being written; it need not survive its writer."""

    def write(self, rows: pa.Table) -> None:
        """Append rows of the file's columns; they stay valid."""

    def shown(self) -> None:
        """Let readers of the open file see what was written, where the format can."""

    def finish(self) -> None:
        """Complete the file and close it."""

    def abandon(self) -> None:
        """Close the file; it will be removed."""


class JournalledSink(AppendingSink[Block]):
    """A sink over files of rows that are made whole by renaming.

    Parameters
    ----------
    options
        Where the files go.
    suffix
        Of the format.
    """

    def __init__(self, options: FileOptions, suffix: str) -> None:
        self._part: Part | None = None
        self._columns: pa.Schema | None = None
        self._copies: list[pa.Buffer] = []
        super().__init__(options, suffix)

    # what a format says about itself

    @abstractmethod
    def _begin_part(self, path: Path, schema: pa.Schema) -> Part:
        """Return a new file of these columns."""

    def _sayable(self, block: Block) -> Sequence[Block]:
        """Return the block's rows in columns the format can say; raises what pyarrow or conversions raise."""
        return [block]

    def _joined(self, known: pa.Schema | None, new: pa.Schema) -> pa.Schema:
        """Return columns that hold both."""
        return joined(known, new)

    # rows

    def _prepare(self, messages: Sequence[Message]) -> tuple[list[Block], list[Refusal]]:
        blocks, refusals = blocks_of(messages)
        fitting = []
        for block in blocks:
            try:
                for sayable in self._sayable(block):
                    self._columns = self._joined(self._columns, sayable.table.schema)
                    fitting.append(sayable)
            except (pa.ArrowException, ValueError, TypeError) as error:
                refusals += [Refusal(message, str(error)) for message in block.messages]
        return fitting, refusals

    def _schema_for(self, piece: Block, current: bytes) -> bytes:
        known = _schema_of(current)
        schema = self._joined(known, piece.table.schema)
        return current if schema is known else schema.serialize().to_pybytes()

    def _bytes_of(self, pieces: Sequence[Block]) -> list[Bytes]:
        columns = _schema_of(self._record.schema)
        rows = pa.concat_tables([fit(piece.table, columns) for piece in pieces]).combine_chunks()
        # copied here once: what the messages lie in is only theirs until they are acknowledged
        self._copies = [batch.serialize() for batch in rows.to_batches()]
        begin = [self._record.schema] if self._record.length == 0 else []
        return [*begin, *(memoryview(copy) for copy in self._copies)]

    def _written(self) -> None:
        part = self._open_part()
        columns = _schema_of(self._record.schema)
        for copy in self._copies:
            part.write(pa.Table.from_batches([pa.ipc.read_record_batch(copy, columns)]))
        part.shown()

    # files

    def _data_path(self) -> Path:
        return self._names.journal(*self._number)

    def _open_part(self) -> Part:
        if self._part is None:
            self._part = self._begin_part(self._names.part(*self._number), _schema_of(self._record.schema))
        return self._part

    def _end_file(self) -> None:
        part, self._part = self._open_part(), None
        part.finish()
        self._publish()
        self._data_path().unlink(missing_ok=True)

    def _publish(self) -> None:
        written, final = self._names.part(*self._number), self._names.file(*self._number)
        if self._options.fsync:
            descriptor = os.open(written, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        written.rename(final)
        if self._options.fsync:
            sync_directory(final.parent)

    def _end_of_use(self) -> None:
        self._finish()
        # the next start begins with the columns that come then
        self._save(schema=b"")

    def _resume(self, *, starting: bool = False) -> None:
        super()._resume(starting=starting)
        if starting:
            self._columns = _schema_of(self._record.schema)

    def _release(self) -> None:
        super()._release()
        # None when finished in order; otherwise the journal has all of it
        part, self._part = self._part, None
        if part is not None:
            part.abandon()

    def _reopen(self) -> None:
        if self._names.file(*self._number).exists():
            # it was killed between the renaming and saying so
            self._data_path().unlink(missing_ok=True)
            self._save(open=False)
        else:
            super()._reopen()

    def _reopened(self) -> None:
        self._names.part(*self._number).unlink(missing_ok=True)
        if self._record.length:
            part = self._open_part()
            with pa.memory_map(str(self._data_path())) as journal, pa.ipc.open_stream(journal) as rows:
                for batch in rows:
                    part.write(pa.Table.from_batches([batch]))
            part.shown()


def _schema_of(data: bytes) -> pa.Schema | None:
    return pa.ipc.read_schema(pa.py_buffer(data)) if data else None
