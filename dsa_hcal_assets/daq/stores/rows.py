"""Messages as rows: what a table of any store is made from.

Every row begins with the envelope: `time` (when it was sent, UTC, ns), `topic`, `producer`, `epoch`,
`sequence`. Then come the payload's columns:

- a JSON object is one row, a list of objects is one row each, any other JSON value is a column `value`;
- an Arrow table or a structured array is its rows;
- any other array is one row, `value` being the list of its elements, with `shape` beside it if it has more
  than one axis; bytes are one row with the binary column `value`.

The message's attributes follow as columns of their own, but for `dtype` and `shape` of an array.

Fields of objects within objects become columns `outer.inner`. A payload's column named like one of the
envelope gets an underscore behind its name, an attribute named like either too. Columns with nothing but
missing values or empty lists are left out.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from dsa_hcal_assets.daq.messages.message import Kind, Message
from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets.daq.stores.file_names import day_of
from dsa_hcal_assets.daq.stores.interface import Refusal
from dsa_hcal_assets.daq.stores.progress import Progress

ENVELOPE = pa.schema(
    [
        pa.field("time", pa.timestamp("ns", "UTC"), nullable=False),
        pa.field("topic", pa.string(), nullable=False),
        pa.field("producer", pa.string(), nullable=False),
        pa.field("epoch", pa.uint64(), nullable=False),
        pa.field("sequence", pa.uint64(), nullable=False),
    ]
)
_FORM = frozenset({"dtype", "shape"})
"""Attributes that say how the payload is to be read."""


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of consecutive messages of one UTC day that have the same columns.

    Attributes
    ----------
    messages
        The messages.
    rows
        Number of rows of each message.
    table
        The rows of all, envelope first.
    """

    messages: Sequence[Message]
    rows: Sequence[int]
    table: pa.Table

    @property
    def day(self) -> int:
        """UTC day, counted from 1970-01-01."""
        return day_of(self.messages[0])

    def with_table(self, table: pa.Table) -> "Block":
        """Return the block with its rows in other columns."""
        return Block(self.messages, self.rows, table)

    def parts(self) -> Iterator["Block"]:
        """Return one block for each message."""
        start = 0
        for message, count in zip(self.messages, self.rows, strict=True):
            yield Block([message], [count], self.table.slice(start, count))
            start += count


def blocks_of(messages: Sequence[Message]) -> tuple[list[Block], list[Refusal]]:
    """Return `messages` as blocks of rows, and those that have no rows to give."""
    blocks: list[Block] = []
    refusals: list[Refusal] = []
    for (kind, _), run in groupby(messages, key=lambda message: (message.kind, day_of(message))):
        together = list(run)
        try:
            blocks += _blocks_of_kind(kind, together)
        except _NOT_ROWS:
            # one of them is not like the others: each for itself then
            for message in together:
                try:
                    blocks += _blocks_of_kind(kind, [message])
                except _NOT_ROWS as error:
                    refusals.append(Refusal(message, f"{type(error).__name__}: {error}"))
    return blocks, refusals


def unstored(blocks: Sequence[Block], stored: Progress) -> list[Block]:
    """Return `blocks` without the messages that are stored already."""
    left: list[Block] = []
    for block in blocks:
        new = [message.sequence > stored.last(message.producer, message.epoch) for message in block.messages]
        if all(new):
            left.append(block)
        else:
            left += [part for part, is_new in zip(block.parts(), new, strict=True) if is_new]
    return left


_NOT_ROWS = (ValueError, TypeError, KeyError, OverflowError, msgspec.MsgspecError, pa.ArrowException)


def _blocks_of_kind(kind: Kind, messages: list[Message]) -> list[Block]:
    if kind is Kind.JSON:
        per_message = [_records(decode(message)) for message in messages]
        table = _table_of_records([record for records in per_message for record in records])
        return [_block(messages, [len(records) for records in per_message], table)]
    tables = [_table_of(decode(message)) for message in messages]
    blocks = []
    for _, run in groupby(zip(messages, tables, strict=True), key=_Schema):
        alike, alike_tables = zip(*run, strict=True)
        counts = [table.num_rows for table in alike_tables]
        blocks.append(_block(list(alike), counts, _plain(pa.concat_tables(alike_tables))))
    return blocks


class _Schema:
    """Compares equal where the tables of two messages have the same columns."""

    def __init__(self, pair: tuple[Message, pa.Table]) -> None:
        self._schema = pair[1].schema

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Schema) and bool(self._schema.equals(other._schema))

    __hash__ = None  # type: ignore[assignment]


def _records(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [_flat(value)]
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return [_flat(item) for item in value]
    return [{"value": value}]


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    if not any(type(value) is dict for value in record.values()):
        return record
    flat: dict[str, Any] = {}
    for name, value in record.items():
        inner = _flat(value) if isinstance(value, dict) else None
        found = {name: value} if inner is None else {f"{name}.{key}": each for key, each in inner.items()}
        if not flat.keys().isdisjoint(found):
            raise ValueError(f"two fields come to the name {next(iter(flat.keys() & found.keys()))!r}")
        flat |= found
    return flat


def _table_of_records(records: list[dict[str, Any]]) -> pa.Table:
    names = dict.fromkeys(name for record in records for name in record)
    columns = {name: _column([record.get(name) for record in records]) for name in names}
    return _plain(pa.table(columns)) if columns else _without_columns(len(records))


def _column(values: list[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except pa.ArrowInvalid:
        # objects within lists, and lists of mixed content, have no column type: their JSON has
        if all(value is None or isinstance(value, list) for value in values):
            return pa.array([None if value is None else to_json(value) for value in values])
        raise


def _table_of(value: Any) -> pa.Table:
    if isinstance(value, pa.Table):
        return value
    if isinstance(value, memoryview):
        return pa.table({"value": pa.array([value.tobytes()], pa.binary())})
    if value.dtype.names:
        flat = value.reshape(-1)
        return pa.table({name: _field_column(flat[name]) for name in value.dtype.names})
    columns = {"value": _lists(np.ascontiguousarray(value).reshape(1, -1))}
    if value.ndim > 1:
        columns["shape"] = pa.array([list(value.shape)])
    return pa.table(columns)


def _field_column(values: Any) -> pa.Array:
    if values.dtype.names:
        raise TypeError("a structured array within a structured array")
    if values.ndim > 1:
        return _lists(values.reshape(len(values), -1))
    return pa.array(_native(np.ascontiguousarray(values)))


def _lists(values: Any) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(_native(values.reshape(-1))), values.shape[1])


def _native(values: Any) -> Any:
    if values.dtype.kind == "S":
        return values.astype("U")
    if values.dtype.kind == "c":
        raise TypeError("complex numbers; send real and imaginary part as two fields")
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def _plain(table: pa.Table) -> pa.Table:
    """Return `table` with structures taken apart, dictionaries resolved, and no column without values."""
    if any(field.type not in _SIMPLE for field in table.schema):
        while any(pa.types.is_struct(field.type) for field in table.schema):
            table = table.flatten()
        for index, field in enumerate(table.schema):
            plain = _plain_type(field.type)
            if plain != field.type:
                table = table.set_column(index, field.name, table.column(index).cast(plain))
        table = table.select([i for i, field in enumerate(table.schema) if not _says_nothing(field.type)])
    if len(set(table.column_names)) < table.num_columns:
        raise ValueError(f"two columns of one name among {table.column_names}")
    return table


_SIMPLE = {pa.int64(), pa.float64(), pa.string(), pa.bool_(), pa.float32(), pa.int32()}


def _says_nothing(kind: pa.DataType) -> bool:
    return bool(pa.types.is_null(kind) or (pa.types.is_list(kind) and _says_nothing(kind.value_type)))


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind) or pa.types.is_binary_view(kind):
        return pa.binary()
    if pa.types.is_large_list(kind):
        return pa.list_(kind.value_type)
    return kind


def _block(messages: list[Message], rows: list[int], table: pa.Table) -> Block:
    counts = np.array(rows)

    def numbers(of: Callable[[Message], int], dtype: str) -> Any:
        return np.repeat(np.array([of(message) for message in messages], dtype), counts)

    def names(of: Callable[[Message], str]) -> pa.Array:
        known = {name: index for index, name in enumerate(dict.fromkeys(of(message) for message in messages))}
        indices = np.repeat(np.array([known[of(message)] for message in messages], "i4"), counts)
        return pa.array(list(known), pa.string()).take(pa.array(indices))

    envelope = [
        pa.array(numbers(lambda message: message.time_ns, "i8"), ENVELOPE.field("time").type),
        names(lambda message: message.topic),
        names(lambda message: message.producer),
        pa.array(numbers(lambda message: message.epoch, "u8")),
        pa.array(numbers(lambda message: message.sequence, "u8")),
    ]
    own = [f"{name}_" if name in ENVELOPE.names else name for name in table.column_names]
    schema = pa.schema([*ENVELOPE, *(pa.field(n, f.type) for n, f in zip(own, table.schema, strict=True))])
    whole = pa.Table.from_arrays([*envelope, *table.columns], schema=schema)
    return Block(messages, rows, _with_attributes(whole, messages, counts))


def _with_attributes(table: pa.Table, messages: list[Message], counts: Any) -> pa.Table:
    names = dict.fromkeys(name for message in messages for name in message.attributes if name not in _FORM)
    if not names:
        return table
    row = pa.array(np.repeat(np.arange(len(messages)), counts))
    for name in names:
        column = _column([message.attributes.get(name) for message in messages]).take(row)
        if not _says_nothing(column.type):
            table = table.append_column(f"{name}_" if name in table.column_names else name, column)
    return table


def to_json(value: object) -> str:
    """Return the JSON text of a value within a row."""
    return msgspec.json.encode(value).decode()


def _without_columns(rows: int) -> pa.Table:
    return pa.table({"_": pa.nulls(rows)}).select([])
