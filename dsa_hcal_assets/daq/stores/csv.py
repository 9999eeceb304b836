"""Rows as comma-separated values, optionally compressed.

The first line names the columns; times are UTC with nanoseconds, lists are their JSON, what is missing is
empty. A message with columns that the file lacks begins a new file, whose columns are those of both: so a
mixture of messages soon finds a file that has all their columns. Values of other types than before are
written as they are, a text has no types. Bytes cannot be said, and are refused.

Compressed, each flush is one zstd frame; tools read frames one behind the other as one file.
"""

import io
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.csv

from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.stores.appending import AppendingSink, Bytes
from dsa_hcal_assets.daq.stores.columns import lists_as_text
from dsa_hcal_assets.daq.stores.interface import Refusal
from dsa_hcal_assets.daq.stores.options import CsvOptions
from dsa_hcal_assets.daq.stores.rows import Block, blocks_of


class CsvSink(AppendingSink[Block]):
    """Appends rows to a CSV file.

    Parameters
    ----------
    options
        See `CsvOptions`.
    """

    def __init__(self, options: CsvOptions) -> None:
        self._codec = pa.Codec("zstd", compression_level=options.zstd) if options.zstd else None
        super().__init__(options, ".csv.zst" if options.zstd else ".csv")

    def _prepare(self, messages: Sequence[Message]) -> tuple[list[Block], list[Refusal]]:
        blocks, refusals = blocks_of(messages)
        sayable = []
        for block in blocks:
            if any(pa.types.is_binary(field.type) for field in block.table.schema):
                refusals += [Refusal(message, "CSV cannot say bytes") for message in block.messages]
            else:
                sayable.append(block.with_table(lists_as_text(block.table)))
        return sayable, refusals

    def _schema_for(self, piece: Block, current: bytes) -> bytes:
        names = current.decode().split("\n") if current else []
        new = [name for name in map(_one_line, piece.table.column_names) if name not in names]
        return "\n".join(names + new).encode() if new else current

    def _bytes_of(self, pieces: Sequence[Block]) -> list[Bytes]:
        names = self._record.schema.decode().split("\n")
        text = io.BytesIO()
        if self._record.length == 0:
            header = pa.table({str(index): [name] for index, name in enumerate(names)})
            pa.csv.write_csv(header, text, _PLAIN)
        for piece in pieces:
            have = {_one_line(name): piece.table.column(name) for name in piece.table.column_names}
            columns = [have.get(name, pa.nulls(piece.table.num_rows)) for name in names]
            pa.csv.write_csv(pa.table(columns, names=names), text, _PLAIN)
        plain = text.getbuffer()
        return [plain if self._codec is None else memoryview(self._codec.compress(plain))]


_PLAIN = pa.csv.WriteOptions(include_header=False, quoting_style="needed")


def _one_line(name: str) -> str:
    return name.replace("\n", " ")
