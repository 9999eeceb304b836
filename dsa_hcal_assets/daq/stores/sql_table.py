"""The table rows go into: its columns, and how they grow with what producers send.

Names of columns are small letters, digits and `_`, 60 at most, so that nobody has to quote them. New columns
are added to the table, empty for older rows; an integer column becomes one of doubles when numbers with
fractions come; a text column takes any value, as its JSON where it is no text.
"""

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from dsa_hcal_assets.daq.stores.columns import lists_as_text
from dsa_hcal_assets.daq.stores.rows import ENVELOPE, to_json
from dsa_hcal_assets.errors import ConfigurationError

LONGEST_NAME = 60
LONGEST_ID = 255
KEY = ("producer", "epoch", "sequence", "row")


class NotOurTable(ConfigurationError):
    """The table of that name was not made by a store."""


def exact_text(dialect: sa.Dialect) -> sa.String:
    """Return the type of ids: each character counts, also capitals and blanks at the end."""
    if dialect.name == "mysql":
        collation = "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
        return mysql.VARCHAR(LONGEST_ID, charset="utf8mb4", collation=collation)
    return sa.String(LONGEST_ID)


def in_sql_columns(table: pa.Table) -> pa.Table:
    """Return `table` with single values of SQL's kinds, under names of SQL.

    Raises
    ------
    ValueError
        If two columns would have one name.
    """
    table = lists_as_text(table)
    names = [*ENVELOPE.names, *(_name(name) for name in table.column_names[len(ENVELOPE) :])]
    if len(set(names)) < len(names):
        raise ValueError(f"two columns have one name in SQL: {table.column_names}")
    columns = [column.cast(_plain(column.type), safe=False) for column in table.columns]
    return pa.table(columns, names=names)


class SqlTable:
    """One table of rows in a database.

    Parameters
    ----------
    name, schema
        Where it is.

    It is made when the first rows come, and afterwards known as it was found.
    """

    def __init__(self, name: str, schema: str | None) -> None:
        self._name = name
        self._schema = schema
        self._table: sa.Table | None = None

    @property
    def table(self) -> sa.Table:
        """The table as SQLAlchemy knows it."""
        if self._table is None:
            raise RuntimeError("rows come before columns: call `provide` first")
        return self._table

    def forget(self) -> None:
        """Look at the database again before the next rows."""
        self._table = None

    def provide(self, connection: sa.Connection, tables: Sequence[pa.Table]) -> None:
        """Make the table, or its missing columns, for the rows of `tables`.

        Raises
        ------
        NotOurTable
            If a table of that name has not the columns of the envelope.
        sqlalchemy.exc.DBAPIError
            If the database refuses.
        """
        if self._table is None:
            found = self._found(connection)
            self._table = self._made(connection) if found is None else found
        for table in tables:
            for field in list(table.schema)[len(ENVELOPE) :]:
                known = self._table.columns.get(field.name)
                if known is None:
                    self._alter(connection, "ADD COLUMN {column} {kind}", field.name, _sql_type(field.type))
                elif pa.types.is_floating(field.type) and isinstance(known.type, sa.Integer):
                    self._widen(connection, field.name)

    def fitting(self, table: pa.Table) -> pa.Table:
        """Return `table` with values as the table's columns take them."""
        for index, field in enumerate(table.schema):
            text = isinstance(self.table.columns[field.name].type, sa.String)
            if text and not pa.types.is_string(field.type):
                values = table.column(index).to_pylist()
                texts = [None if value is None else to_json(value) for value in values]
                table = table.set_column(index, field.name, pa.array(texts, pa.string()))
        return table

    def _found(self, connection: sa.Connection) -> sa.Table | None:
        if not sa.inspect(connection).has_table(self._name, self._schema):
            return None
        table = sa.Table(self._name, sa.MetaData(), schema=self._schema, autoload_with=connection)
        lacking = {*ENVELOPE.names, "row"} - set(table.columns.keys())
        if lacking:
            raise NotOurTable(
                f"the table {self._name!r} was not made by a store",
                expected="columns " + ", ".join([*ENVELOPE.names, "row"]),
                found=f"no {', '.join(sorted(lacking))}",
                kept="the table is unchanged",
                remedy="name another table",
            )
        return table

    def _made(self, connection: sa.Connection) -> sa.Table:
        exact = exact_text(connection.dialect)
        table = sa.Table(
            self._name,
            sa.MetaData(),
            sa.Column("time", _TIME, nullable=False),
            sa.Column("topic", exact, nullable=False),
            sa.Column("producer", exact, nullable=False),
            sa.Column("epoch", sa.BigInteger, nullable=False),
            sa.Column("sequence", sa.BigInteger, nullable=False),
            sa.Column("row", sa.Integer, nullable=False),
            sa.PrimaryKeyConstraint(*KEY),
            sa.Index(f"{self._name}_time", "time"),
            schema=self._schema,
            mysql_engine="InnoDB",
            mysql_charset="utf8mb4",
        )
        table.create(connection)
        return table

    def _alter(self, connection: sa.Connection, change: str, name: str, kind: "_SqlType") -> None:
        quote = connection.dialect.identifier_preparer
        place, column = quote.format_table(self.table), quote.quote(name)
        # names have been reduced to letters, digits and underscores
        connection.exec_driver_sql(
            f"ALTER TABLE {place} {change.format(column=column, kind=kind.compile(connection.dialect))}"
        )
        self.table.append_column(sa.Column(name, kind), replace_existing=True)

    def _widen(self, connection: sa.Connection, name: str) -> None:
        # SQLite's columns take any number as they are
        change = _WIDENING.get(connection.dialect.name)
        if change is not None:
            self._alter(connection, change, name, sa.Double())


_WIDENING = {"postgresql": "ALTER COLUMN {column} TYPE {kind}", "mysql": "MODIFY COLUMN {column} {kind}"}
_TIME = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")
_TEXT = sa.Text().with_variant(mysql.LONGTEXT(charset="utf8mb4"), "mysql")
_BYTES = sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql")


_SqlType = sa.types.TypeEngine[Any]


def _sql_type(kind: pa.DataType) -> _SqlType:
    if pa.types.is_integer(kind):
        return sa.BigInteger()
    if pa.types.is_floating(kind):
        return sa.Double()
    if pa.types.is_boolean(kind):
        return sa.Boolean()
    if pa.types.is_timestamp(kind):
        return _TIME
    return _BYTES if pa.types.is_binary(kind) else _TEXT


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return the Arrow type whose values databases take; times have microseconds there."""
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    if pa.types.is_floating(kind):
        return pa.float64()
    known = pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_binary(kind)
    return kind if known else pa.string()


def _name(name: str) -> str:
    plain = re.sub(r"\W", "_", name, flags=re.ASCII).lower() or "_"
    plain = f"{plain}_" if plain in (*ENVELOPE.names, "row") else plain
    if len(plain) <= LONGEST_NAME:
        return plain
    return f"{plain[: LONGEST_NAME - 13]}_{blake2b(name.encode(), digest_size=6).hexdigest()}"
