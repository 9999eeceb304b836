"""Pandas frames as rows of a table, by one COPY."""

import io
from typing import TYPE_CHECKING

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

if TYPE_CHECKING:
    import pandas as pd


def copy_frame(cursor: Cursor, schema: str, table: str, frame: "pd.DataFrame") -> None:
    """Append the rows of `frame` to a table, in the caller's transaction.

    Columns go by name. NaN, NaT, None and empty text become null.
    """
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in frame.columns)
    statement = sql.SQL("copy {} ({}) from stdin (format csv, null '')").format(
        sql.Identifier(schema, table), columns
    )
    text = frame.to_csv(index=False, header=False)
    cursor.copy_expert(statement, io.StringIO(text), size=1 << 20)
