"""Fitting rows into the columns a store has, and the columns to the rows."""

from typing import Any

import numpy as np
import pyarrow as pa

from dsa_hcal_assets.daq.stores.rows import to_json


def fit(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return `table` in the columns of `schema`; those it has not are empty.

    Integers that have become real numbers keep 53 bits.
    """
    columns = [
        table.column(field.name).cast(field.type, safe=False)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def joined(known: pa.Schema | None, new: pa.Schema) -> pa.Schema:
    """Return columns that hold both; `known` comes first, and is returned itself if it suffices.

    Raises
    ------
    pyarrow.ArrowTypeError
        If a column of one name holds what the other's type cannot, as text and numbers.
    """
    if known is None:
        return new
    both = pa.unify_schemas([known, new], promote_options="permissive")
    return known if both.equals(known) else both


def lists_as_text(table: pa.Table, *, fixed: bool = True) -> pa.Table:
    """Return `table` with lists and maps as their JSON, for stores that have single values only.

    With `fixed` false, lists of a fixed length stay.
    """
    for index, field in enumerate(table.schema):
        if pa.types.is_nested(field.type) and (fixed or not pa.types.is_fixed_size_list(field.type)):
            texts = [None if value is None else to_json(value) for value in table.column(index).to_pylist()]
            table = table.set_column(index, field.name, pa.array(texts, pa.string()))
    return table


def joined_without_gaps(known: pa.Schema | None, new: pa.Schema) -> pa.Schema:
    """Return columns that hold both, where missing numbers can be said as NaN.

    Integers and truth values that one of the two lacks become float64, for formats that have no other way
    of saying that a value is missing. Raises as `joined`.
    """
    if known is None:
        return new
    both = joined(known, new)
    lacking = set(known.names) ^ set(new.names)
    gaps = [field.with_type(with_nan(field.type)) if field.name in lacking else field for field in both]
    return known if pa.schema(gaps).equals(known) else pa.schema(gaps)


def gaps_as_nan(table: pa.Table) -> pa.Table:
    """Return `table` with integers and truth values among which some are missing as float64."""
    for index, field in enumerate(table.schema):
        kind = with_nan(field.type)
        if kind != field.type and table.column(index).null_count:
            table = table.set_column(index, field.name, table.column(index).cast(kind, safe=False))
    return table


def with_nan(kind: pa.DataType) -> pa.DataType:
    """Return float64 for integers and truth values, other types unchanged."""
    return pa.float64() if pa.types.is_integer(kind) or pa.types.is_boolean(kind) else kind


def whole(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array."""
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def numbers(array: pa.Array) -> Any:
    """Return the values of `array` for numpy: times in ns since 1970, what is missing as NaN."""
    if pa.types.is_temporal(array.type):
        array = array.cast(pa.timestamp("ns", getattr(array.type, "tz", None))).cast(pa.int64())
    return array.to_numpy(zero_copy_only=False)


def fixed_lists(array: pa.Array, shape: tuple[int, ...]) -> Any:
    """Return lists of a fixed length as an array of (lists, *shape); a missing list is NaN, or zero."""
    values = numbers(array.flatten())
    if not array.null_count:
        return values.reshape(len(array), *shape)
    filled = np.full((len(array), *shape), np.nan if values.dtype.kind == "f" else 0, values.dtype)
    filled[array.is_valid().to_numpy(zero_copy_only=False)] = values.reshape(-1, *shape)
    return filled
