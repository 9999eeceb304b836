"""Rows as ROOT files for uproot, ROOT's own programs and RDataFrame; see `journalled` for the open one.

uproot cannot open a file again to append, so files are never continued: each appears whole, and a restart
begins the next one. A `TTree` can be read by every version of ROOT, an `RNTuple` by 6.34 and later.

Numbers, fixed lists and texts become branches of their kind, other lists and bytes variable arrays with
their length in `<name>_length`. `time` is in ns since 1970 (UTC), as are all times. Characters of names that
formulas would take for operators become `_`. A missing number is NaN (columns of integers or truth values
that lack some are double), a missing text empty.
"""

import re
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import uproot

from dsa_hcal_assets.daq.stores.columns import fixed_lists, gaps_as_nan, joined_without_gaps, numbers, whole
from dsa_hcal_assets.daq.stores.journalled import JournalledSink
from dsa_hcal_assets.daq.stores.options import RootOptions
from dsa_hcal_assets.daq.stores.rows import Block
from dsa_hcal_assets.daq.stores.waiting_rows import WaitingRows

_NO_NAME = re.compile(r"\W", re.ASCII)


class RootSink(JournalledSink):
    """Writes rows to ROOT files.

    Parameters
    ----------
    options
        See `RootOptions`.
    """

    def __init__(self, options: RootOptions) -> None:
        self._format = options
        super().__init__(options, ".root")

    def _sayable(self, block: Block) -> list[Block]:
        table = block.table.rename_columns([_NO_NAME.sub("_", name) for name in block.table.column_names])
        if len(set(table.column_names)) < table.num_columns:
            raise ValueError(f"two columns have one name in ROOT: {block.table.column_names}")
        for field in table.schema:
            _branch_type(field.type)
        return [block.with_table(gaps_as_nan(table))]

    def _joined(self, known: pa.Schema | None, new: pa.Schema) -> pa.Schema:
        return joined_without_gaps(known, new)

    def _begin_part(self, path: Path, schema: pa.Schema) -> "_RootPart":
        return _RootPart(path, schema, self._format)


class _RootPart:
    def __init__(self, path: Path, schema: pa.Schema, options: RootOptions) -> None:
        self._file = uproot.recreate(path, compression=uproot.ZSTD(options.zstd))
        types = {field.name: _branch_type(field.type) for field in schema}
        if options.rntuple:
            self._tree = self._file.mkrntuple(options.tree, ak.Array(_branches(schema.empty_table())))
        else:
            self._tree = self._file.mktree(options.tree, types, counter_name="{}_length".format)
        self._waiting = WaitingRows(options.buffer, lambda rows: self._tree.extend(_branches(rows)))

    def write(self, rows: pa.Table) -> None:
        self._waiting.add(rows)

    def shown(self) -> None:
        """Nothing of an open ROOT file can be relied upon."""

    def finish(self) -> None:
        self._waiting.write()
        self._file.close()

    def abandon(self) -> None:
        self._file.close()


def _branch_type(kind: pa.DataType) -> Any:
    if pa.types.is_fixed_size_list(kind):
        return np.dtype((_number_type(kind.value_type), (kind.list_size,)))
    if pa.types.is_list(kind):
        return f"var * {_number_type(kind.value_type)}"
    if pa.types.is_binary(kind):
        return "var * uint8"
    return "string" if pa.types.is_string(kind) else _number_type(kind)


def _number_type(kind: pa.DataType) -> Any:
    if pa.types.is_temporal(kind):
        return np.dtype("i8")
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise TypeError(f"ROOT has no branch of {kind}")
    return np.dtype(kind.to_pandas_dtype())


def _branches(rows: pa.Table) -> dict[str, Any]:
    return {field.name: _branch(whole(rows.column(field.name))) for field in rows.schema}


def _branch(column: Any) -> Any:
    kind = column.type
    if pa.types.is_fixed_size_list(kind):
        return fixed_lists(column, (kind.list_size,))
    if pa.types.is_string(kind):
        return ak.drop_none(ak.from_arrow(pc.fill_null(column, "")))
    if pa.types.is_list(kind):
        lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
        return ak.unflatten(numbers(column.flatten()), lengths)
    if pa.types.is_binary(kind):
        lengths = pc.fill_null(pc.binary_length(column), 0).to_numpy()
        flat = b"".join(each or b"" for each in column.to_pylist())
        return ak.unflatten(np.frombuffer(flat, "u1"), lengths)
    return numbers(column)
