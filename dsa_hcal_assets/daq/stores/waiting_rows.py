"""Rows that wait until there are enough of them to be written together."""

from collections.abc import Callable

import pyarrow as pa


class WaitingRows:
    """Collects tables of the same columns.

    Parameters
    ----------
    enough
        Bytes at which they are written.
    writer
        Takes them as one table.
    """

    def __init__(self, enough: int, writer: Callable[[pa.Table], None]) -> None:
        self._enough = enough
        self._writer = writer
        self._tables: list[pa.Table] = []
        self._size = 0

    def add(self, rows: pa.Table) -> None:
        """Take `rows`, and write if there are enough."""
        self._tables.append(rows)
        self._size += rows.nbytes
        if self._size >= self._enough:
            self.write()

    def write(self) -> None:
        """Write what waits, if anything."""
        tables, self._tables, self._size = self._tables, [], 0
        if tables:
            self._writer(pa.concat_tables(tables))
