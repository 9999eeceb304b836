"""Structured numpy arrays as PostgreSQL's binary COPY: the fastest way in and out for many small rows.

The columns are the fields of the array, in their order. Integers and floats travel as they are
(a timestamptz is an int64, see `postgres_time`), bytes (``S``) as text or label of an enum. NaN
and empty bytes become NULL.
"""

import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_NUMPY_EPOCH = np.datetime64(_EPOCH.replace(tzinfo=None), "us")
_HEADER = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
_END = b"\xff\xff"
_NULL = -1


def postgres_time(moment: datetime) -> int:
    """Return microseconds since 2000-01-01 UTC, exactly: how PostgreSQL holds a timestamptz."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def times_of(stamps: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Return UTC times (datetime64[us]) of what PostgreSQL holds for a timestamptz, see `postgres_time`."""
    times: NDArray[np.datetime64] = _NUMPY_EPOCH + stamps.astype("timedelta64[us]")
    return times


def copy_bytes(rows: NDArray[np.void]) -> bytes:
    """Return `rows` (a structured array, shape (n,)) as the bytes of ``copy ... (format binary)``.

    Raises
    ------
    TypeError
        If a field is neither integer, float nor bytes.
    """
    return copy_of([copy_records(rows)])


def copy_of(records: Iterable[bytes]) -> bytes:
    """Return the bytes of ``copy ... (format binary)`` for records made by `copy_records`."""
    return b"".join((_HEADER, *records, _END))


def copy_records(rows: NDArray[np.void]) -> bytes:
    """Return `rows` as records of a binary COPY; parts of one COPY can be made apart, and beforehand.

    Raises
    ------
    TypeError
        If a field is neither integer, float nor bytes.
    """
    names = rows.dtype.names or ()
    wire = np.empty(len(rows), _wire(rows.dtype))
    wire["fields"] = len(names)
    dropped = []
    for name in names:
        values, size = rows[name], rows.dtype[name].itemsize
        wire[name] = values
        lengths = _lengths(values, size)
        wire[_length_of(name)] = lengths
        if (used := np.maximum(lengths, 0)).min(initial=size) < size:
            dropped.append((_offset(wire.dtype, name), size, used))
    return _packed(wire, dropped)


def copied(cursor: Cursor, statement: str | sql.Composed, rows: np.dtype[np.void]) -> NDArray[np.void]:
    """Return what ``copy (...) to stdout (format binary)`` gives, as `rows_of`."""
    received = io.BytesIO()
    cursor.copy_expert(statement, received, size=1 << 20)
    return rows_of(received.getbuffer(), rows)


def rows_of(copied: bytes | memoryview, rows: np.dtype[np.void]) -> NDArray[np.void]:
    """Return what ``copy ... to stdout (format binary)`` sent as a structured array of type `rows`.

    Columns must be of the fields' types and never NULL (select ``coalesce(x, 'NaN')``): a row then has
    always the same length, and nothing is parsed.
    """
    wire = np.frombuffer(copied[len(_HEADER) : -len(_END)], _wire(rows))
    found = np.empty(len(wire), rows)
    for name in rows.names or ():
        found[name] = wire[name]
    return found


@cache
def _wire(rows: np.dtype[np.void]) -> np.dtype[np.void]:
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for name in rows.names or ():
        kind = rows[name].kind
        if kind not in "ifS":
            raise TypeError(f"column {name} is of type {rows[name]}: integers, floats and bytes are copied")
        fields += [(_length_of(name), ">i4"), (name, rows[name].newbyteorder(">").str)]
    return np.dtype(fields)


def _length_of(name: str) -> str:
    return f"{name} length"


def _offset(wire: np.dtype[np.void], name: str) -> int:
    return wire.fields[name][1] if wire.fields else 0


def _lengths(values: NDArray[np.generic], size: int) -> NDArray[np.int32]:
    """Return the bytes each value takes on the wire, -1 for NULL."""
    if values.dtype.kind == "f":
        return np.where(np.isnan(values), _NULL, size).astype(np.int32)
    if values.dtype.kind == "S":
        lengths = np.strings.str_len(values.astype(np.bytes_))
        return np.where(lengths == 0, _NULL, lengths).astype(np.int32)
    return np.full(len(values), size, dtype=np.int32)


def _packed(wire: NDArray[np.void], dropped: list[tuple[int, int, NDArray[np.int32]]]) -> bytes:
    """Return the records without the unused bytes of the fields that have some."""
    if not dropped:
        return wire.tobytes()
    records = wire.view(np.uint8).reshape(len(wire), wire.dtype.itemsize)
    kept = np.ones(records.shape, dtype=np.bool_)
    for start, size, used in dropped:
        kept[:, start : start + size] = np.arange(size) < used[:, np.newaxis]
    return records[kept].tobytes()
