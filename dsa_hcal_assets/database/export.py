"""Rows of a table or view as CSV or Parquet, streamed: never all of them in memory.

PostgreSQL writes CSV itself (COPY). Parquet is made from that CSV by Arrow's reader, row group by row group,
so that no row passes through Python either way.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO, Protocol

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.exportable import Exportable
from dsa_hcal_assets.errors import PermanentError

if TYPE_CHECKING:
    import pyarrow as pa

PIECE = 1 << 16  # bytes
_ARROW_TYPES = {
    "smallint": "int16",
    "integer": "int32",
    "bigint": "int64",
    "real": "float32",
    "double precision": "float64",
    "boolean": "bool",
    "date": "date32",
}
_ROWS = sql.SQL("select {columns} from {relation} where {condition} {order} limit {limit}")


class Sink(Protocol):
    """Where the bytes go."""

    def write(self, piece: bytes, /) -> object:
        """Take some bytes; an error ends the export."""


class NoTime(PermanentError):
    """Rows of a time were asked for where rows have none."""


def rows_of(source: Exportable, start: datetime | None, end: datetime | None, limit: int) -> sql.Composed:
    """Return the query of at most `limit` rows with start <= time < end (None: no bound), in order of time.

    Raises
    ------
    NoTime
        If a bound is given and the source has no column of times.
    """
    column = source.time_column
    if column is None and (start or end):
        raise NoTime(f"rows of {source.label} have no time", remedy="leave the times out")
    conditions: list[sql.Composable] = [sql.SQL("true")]
    if column is not None:
        moment = sql.Identifier(column)
        if source.columns[column] == "date":
            moment = sql.SQL("({}::timestamp at time zone 'UTC')").format(moment)  # type: ignore[assignment]
        for bound, operator in ((start, ">="), (end, "<")):
            if bound is not None:
                conditions.append(
                    sql.SQL("{} {} {}").format(moment, sql.SQL(operator), sql.Literal(require_utc(bound)))
                )
    return _ROWS.format(
        columns=sql.SQL(", ").join(sql.Identifier(name) for name in source.columns),
        relation=sql.Identifier(source.schema, source.name),
        condition=sql.SQL(" and ").join(conditions),
        order=sql.SQL("") if column is None else sql.SQL("order by {}").format(sql.Identifier(column)),
        limit=sql.Literal(limit),
    )


def write_csv(database: Database, query: sql.Composed, sink: Sink) -> None:
    """Write the rows as CSV with a line of names; null is empty, empty text is ``""``.

    Raises
    ------
    DatabaseUnavailable
        If the database ends the query; the sink may have some rows then.
    """
    statement = sql.SQL("copy ({}) to stdout (format csv, header)").format(query)
    with database.transaction() as cursor:
        taken = _Taken(sink, cursor.connection)
        collected = _Collected(taken)
        try:
            cursor.copy_expert(statement, collected, size=PIECE)
        except psycopg2.Error as error:
            raise (taken.refusal or error) from error
        collected.flush()


def write_parquet(database: Database, source: Exportable, query: sql.Composed, sink: Sink) -> None:
    """Write the rows as Parquet (zstd); arrays, ranges and JSON become text.

    Raises
    ------
    DatabaseUnavailable
        If the database ends the query; what the sink has then lacks Parquet's end, so that nobody takes it
        for the whole.
    """
    import pyarrow as pa
    from pyarrow import csv, parquet

    schema = pa.schema([(name, _arrow_type(kind)) for name, kind in source.columns.items()])
    options = csv.ConvertOptions(
        column_types=schema,
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        null_values=[""],
        true_values=["t"],
        false_values=["f"],
    )
    collected = _Collected(sink)
    with _copied(database, query) as text:
        reader = csv.open_csv(
            text, convert_options=options, parse_options=csv.ParseOptions(newlines_in_values=True)
        )
        writer = parquet.ParquetWriter(pa.PythonFile(collected, "w"), schema, compression="zstd")
        for batch in reader:
            writer.write_batch(batch)
    # only now is it certain that the query came to its end, and that Parquet's may be written
    writer.close()
    collected.flush()


def _arrow_type(kind: str) -> "pa.DataType":
    import pyarrow as pa

    if kind == "timestamp with time zone":
        return pa.timestamp("us", tz="UTC")
    if kind == "timestamp without time zone":
        return pa.timestamp("us")
    return pa.type_for_alias(_ARROW_TYPES.get(kind, "string"))


@contextmanager
def _copied(database: Database, query: sql.Composed) -> Iterator[BinaryIO]:
    """Give the rows as CSV to read from, while a thread copies them; what stopped the thread is raised."""
    read_end, write_end = os.pipe()
    failures: list[Exception] = []

    def copy() -> None:
        with os.fdopen(write_end, "wb") as pipe:
            try:
                write_csv(database, query, pipe)
            except Exception as error:  # noqa: BLE001 - raised below, in the thread that asked
                failures.append(error)

    thread = threading.Thread(target=copy, name="export", daemon=True)
    with os.fdopen(read_end, "rb") as text:
        thread.start()
        try:
            yield text
        except Exception as error:
            # a query that fails looks like text that ends too early
            text.close()
            thread.join()
            raise (_cause(failures) or error) from error
    thread.join()
    if failures:
        raise failures[0]


def _cause(failures: list[Exception]) -> Exception | None:
    """Return why the copy failed, unless only because nobody read on."""
    return next((error for error in failures if not isinstance(error, BrokenPipeError)), None)


class _Taken:
    """A sink whose refusal ends the query; psycopg2 would first receive all rows that nobody wants."""

    def __init__(self, sink: Sink, connection: Connection) -> None:
        self._sink = sink
        self._connection = connection
        self.refusal: Exception | None = None

    def write(self, piece: bytes) -> None:
        if self.refusal is not None:
            return
        try:
            self._sink.write(piece)
        except Exception as error:
            self.refusal = error
            self._connection.cancel()
            raise


class _Collected:
    """Collects small writes into pieces; PostgreSQL's come row by row."""

    closed = False

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._waiting = bytearray()

    def write(self, some: bytes) -> int:
        self._waiting += some
        if len(self._waiting) >= PIECE:
            self.flush()
        return len(some)

    def flush(self) -> None:
        if self._waiting:
            self._sink.write(bytes(self._waiting))
            self._waiting.clear()

    def close(self) -> None:
        """Do nothing: what is left is for `flush`, when all is known to be well."""
