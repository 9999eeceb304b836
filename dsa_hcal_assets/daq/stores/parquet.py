"""Rows as Parquet files, each of them whole when it appears; see `journalled` for the open one."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dsa_hcal_assets.daq.stores.journalled import JournalledSink
from dsa_hcal_assets.daq.stores.options import ParquetOptions
from dsa_hcal_assets.daq.stores.waiting_rows import WaitingRows


class ParquetSink(JournalledSink):
    """Writes rows to Parquet files.

    Parameters
    ----------
    options
        See `ParquetOptions`.
    """

    def __init__(self, options: ParquetOptions) -> None:
        self._format = options
        super().__init__(options, ".parquet")

    def _begin_part(self, path: Path, schema: pa.Schema) -> "_ParquetPart":
        return _ParquetPart(path, schema, self._format)


class _ParquetPart:
    def __init__(self, path: Path, schema: pa.Schema, options: ParquetOptions) -> None:
        self._writer = pq.ParquetWriter(path, schema, compression="zstd", compression_level=options.zstd)
        self._waiting = WaitingRows(options.row_group, self._write_group)

    def write(self, rows: pa.Table) -> None:
        self._waiting.add(rows)

    def shown(self) -> None:
        """Nothing of an open Parquet file can be read."""

    def finish(self) -> None:
        self._waiting.write()
        self._writer.close()

    def abandon(self) -> None:
        self._writer.close()

    def _write_group(self, rows: Any) -> None:
        self._writer.write_table(rows, row_group_size=max(1, rows.num_rows))
