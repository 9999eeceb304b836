"""Rows into a table, the fastest way each database has."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg2
import pyarrow as pa
import pyarrow.csv
import sqlalchemy as sa

_CSV = pa.csv.WriteOptions(include_header=False, quoting_style="needed")
_ROWS_AT_ONCE = 20_000


def insert(connection: sa.Connection, into: sa.Table, table: pa.Table, counts: Sequence[int]) -> None:
    """Insert the rows of `table`, numbering those of each message.

    Parameters
    ----------
    into
        Has all columns of `table`, and `row`.
    counts
        Rows of each message.
    """
    places = np.concatenate([np.arange(count) for count in counts]) if counts else np.empty(0, "i8")
    numbered = table.append_column("row", pa.array(places, pa.int32()))
    if connection.dialect.name == "postgresql":
        _copy(connection, into, numbered)
        return
    # MySQL and SQLite keep no zone: UTC goes in without saying so
    columns = [_without_zone(column) for column in numbered.columns]
    bare = pa.table(columns, names=numbered.column_names)
    for start in range(0, bare.num_rows, _ROWS_AT_ONCE):
        connection.execute(into.insert(), bare.slice(start, _ROWS_AT_ONCE).to_pylist())


def _copy(connection: sa.Connection, into: sa.Table, table: pa.Table) -> None:
    for index, field in enumerate(table.schema):
        if pa.types.is_binary(field.type):
            values = table.column(index).to_pylist()
            texts = [None if value is None else f"\\x{value.hex()}" for value in values]
            table = table.set_column(index, field.name, pa.array(texts, pa.string()))
    data = io.BytesIO()
    pa.csv.write_csv(table, data, _CSV)
    data.seek(0)
    quote = connection.dialect.identifier_preparer
    names = ", ".join(quote.quote(name) for name in table.column_names)
    driver: Any = connection.connection.driver_connection
    statement = f"COPY {quote.format_table(into)} ({names}) FROM STDIN (FORMAT csv)"
    try:
        with driver.cursor() as cursor:
            cursor.copy_expert(statement, data)
    except psycopg2.Error as error:
        # as SQLAlchemy tells errors of its own statements
        raise sa.exc.DBAPIError.instance(statement, None, error, psycopg2.Error) from error


def _without_zone(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.timestamp("us")) if pa.types.is_timestamp(column.type) else column
