"""Rows and arrays as one growing HDF5 dataset, readable while it is written (SWMR); see `journalled`.

The dataset is a table of compound rows: the envelope, then the payload's columns. An array is a row whose
`value` has the array's shape. The open file is `<stem>.open.h5`: open it with `h5py.File(..., swmr=True)` and
`dataset.refresh()`; it gets its final name when it is whole, which readers that have it open do not notice.

SWMR allows neither new columns nor texts of any length, so a file's texts have a fixed width (UTF-8, a power
of two); a longer one, or an array of another shape, begins a new file. `time` is in ns since 1970 (UTC), as
are all times. A missing number is NaN (columns of integers or truth values that lack some are float64), a
missing text empty. Lists of varying length are their JSON.
"""

import contextlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dsa_hcal_assets.daq.stores.columns import (
    fixed_lists,
    gaps_as_nan,
    joined_without_gaps,
    lists_as_text,
    numbers,
    whole,
)
from dsa_hcal_assets.daq.stores.journalled import JournalledSink
from dsa_hcal_assets.daq.stores.options import Hdf5Options
from dsa_hcal_assets.daq.stores.rows import ENVELOPE, Block

CHUNK_BYTES = 256 << 10
SHORTEST_TEXT = 16
_WIDTH = b"width"
_SHAPE = b"shape"


class Hdf5Sink(JournalledSink):
    """Writes rows and arrays to HDF5 files.

    Parameters
    ----------
    options
        See `Hdf5Options`.
    """

    def __init__(self, options: Hdf5Options) -> None:
        self._format = options
        super().__init__(options, ".h5")

    def _sayable(self, block: Block) -> list[Block]:
        names = block.table.column_names[len(ENVELOPE) :]
        value = block.table.schema.field("value") if names[:1] == ["value"] else None
        # arrays and bytes may have another shape in each message
        alone = value is not None and not _is_number(value)
        return [part.with_table(_in_width(part.table)) for part in (block.parts() if alone else [block])]

    def _joined(self, known: pa.Schema | None, new: pa.Schema) -> pa.Schema:
        if known is None:
            return new
        both = joined_without_gaps(_without_shapes(known, new), new)
        sized = pa.schema([_sized(field, known, new) for field in both])
        return known if sized.equals(known, check_metadata=True) else sized

    def _begin_part(self, path: Path, schema: pa.Schema) -> "_Hdf5Part":
        return _Hdf5Part(path, schema, self._format)


class _Hdf5Part:
    def __init__(self, path: Path, schema: pa.Schema, options: Hdf5Options) -> None:
        self._schema = schema
        self._type = np.dtype([(field.name, *_element(field)) for field in schema])
        self._file = h5py.File(path, "w", libver="latest")
        self._data = self._file.create_dataset(
            options.dataset,
            (0,),
            self._type,
            maxshape=(None,),
            chunks=(max(1, CHUNK_BYTES // self._type.itemsize),),
            compression=None if options.compression == "none" else options.compression,
        )
        self._data.attrs["time_unit"] = "ns since 1970-01-01 UTC"
        self._file.swmr_mode = True

    def write(self, rows: pa.Table) -> None:
        records = np.zeros(rows.num_rows, self._type)
        for field in self._schema:
            records[field.name] = _elements(rows.column(field.name), self._type[field.name])
        start = len(self._data)
        self._data.resize((start + len(records),))
        self._data[start:] = records

    def shown(self) -> None:
        self._data.flush()

    def finish(self) -> None:
        self._file.close()

    def abandon(self) -> None:
        # of a file on a full disk not even the end can be written
        with contextlib.suppress(OSError, RuntimeError):
            self._file.close()


def _is_number(field: pa.Field) -> bool:
    return not (pa.types.is_nested(field.type) or pa.types.is_binary(field.type))


def _in_width(table: pa.Table) -> pa.Table:
    table = gaps_as_nan(_bytes_as_arrays(_shape_as_metadata(table)))
    table = lists_as_text(table, fixed=False)
    return table.cast(pa.schema([_with_width(field, table.column(field.name)) for field in table.schema]))


def _shape_as_metadata(table: pa.Table) -> pa.Table:
    if table.column_names[len(ENVELOPE) :][:2] != ["value", "shape"]:
        return table
    shape = ",".join(map(str, table.column("shape")[0].as_py()))
    field = table.schema.field("value").with_metadata({_SHAPE: shape})
    return table.set_column(len(ENVELOPE), field, table.column("value")).drop_columns("shape")


def _bytes_as_arrays(table: pa.Table) -> pa.Table:
    for index, field in enumerate(table.schema):
        if pa.types.is_binary(field.type):
            lengths = set(pc.binary_length(table.column(index)).to_pylist())
            if len(lengths) != 1 or lengths & {None, 0}:
                raise ValueError(f"bytes of lengths {sorted(map(str, lengths))} in column {field.name!r}")
            flat = pa.array(np.frombuffer(b"".join(table.column(index).to_pylist()), "u1"))
            column = pa.FixedSizeListArray.from_arrays(flat, lengths.pop())
            table = table.set_column(index, field.name, column)
    return table


def _with_width(field: pa.Field, column: Any) -> pa.Field:
    if not pa.types.is_string(field.type):
        return field
    longest = pc.max(pc.binary_length(column)).as_py() or 0
    width = max(SHORTEST_TEXT, 1 << (longest - 1).bit_length()) if longest else SHORTEST_TEXT
    return field.with_metadata({_WIDTH: str(width)})


def _without_shapes(known: pa.Schema, new: pa.Schema) -> pa.Schema:
    """Return `known` with the shapes of `new`: an array of another shape takes the column over."""
    return pa.schema(
        [
            field.with_type(new.field(field.name).type)
            if field.name in new.names
            and pa.types.is_fixed_size_list(field.type)
            and pa.types.is_fixed_size_list(new.field(field.name).type)
            else field
            for field in known
        ]
    )


def _sized(field: pa.Field, known: pa.Schema, new: pa.Schema) -> pa.Field:
    """Return `field` with the wider text, or the newer shape, of the two."""
    found = [schema.field(field.name).metadata or {} for schema in (known, new) if field.name in schema.names]
    if pa.types.is_string(field.type):
        return field.with_metadata({_WIDTH: max((each[_WIDTH] for each in found), key=int)})
    return field.with_metadata(found[-1] or None)


def _element(field: pa.Field) -> tuple[Any, ...]:
    kind, metadata = field.type, field.metadata or {}
    if pa.types.is_string(kind):
        return (h5py.string_dtype("utf-8", int(metadata[_WIDTH])),)
    if pa.types.is_fixed_size_list(kind):
        shape = metadata.get(_SHAPE, str(kind.list_size).encode()).decode()
        return _number(kind.value_type), tuple(map(int, shape.split(",")))
    return (_number(kind),)


def _number(kind: pa.DataType) -> Any:
    if pa.types.is_temporal(kind):
        return np.dtype("<i8")
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise TypeError(f"HDF5 has no column of {kind}")
    return np.dtype(kind.to_pandas_dtype())


def _elements(column: pa.ChunkedArray, element: Any) -> Any:
    array = whole(column)
    if pa.types.is_string(array.type):
        encoded = pc.fill_null(array, "").dictionary_encode()
        known = [text.encode() for text in encoded.dictionary.to_pylist()]
        return np.array(known, element.base)[encoded.indices.to_numpy()] if known else np.empty(0, element)
    if pa.types.is_fixed_size_list(array.type):
        return fixed_lists(array, element.shape)
    return numbers(array)
