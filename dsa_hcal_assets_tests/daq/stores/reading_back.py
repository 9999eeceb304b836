"""Every kind of file store: how to open its sink, and how to read all that it has, in order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import h5py
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import uproot

from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets.daq.stores import csv, hdf5, options, parquet, raw, root

COLUMNS = ("producer", "sequence", "n")


@dataclass(frozen=True)
class Kind:
    """A file store.

    Attributes
    ----------
    suffix
        Of its files.
    sink
        Opens it in a directory, with more options.
    rows
        Returns columns (by default `COLUMNS`) of each row of one file.
    """

    suffix: str
    sink: Callable[..., Any]
    rows: Callable[..., list[tuple[Any, ...]]]

    def files(self, directory):
        """Its whole files in the order they were begun."""
        found = [path for path in directory.glob(f"*{self.suffix}") if ".open" not in path.name]
        return sorted(found, key=_number)

    def all_rows(self, directory, columns=COLUMNS):
        return [row for path in self.files(directory) for row in self.rows(path, columns)]


def _number(path):
    day, _, number = path.name.split(".")[0].partition("+")
    return day, int(number or 0)


def _of_table(table, columns):
    return list(zip(*(table.column(name).to_pylist() for name in columns), strict=True))


def _of_csv(path, columns=COLUMNS):
    return _of_table(pa.csv.read_csv(path), columns)


def _of_parquet(path, columns=COLUMNS):
    return _of_table(pq.read_table(path), columns)


def _of_frames(path, columns=COLUMNS):
    return [
        tuple({"producer": message.producer, "sequence": message.sequence, **row}[name] for name in columns)
        for message in raw.read_frames(path)
        for row in _records(decode(message))
    ]


def _records(value):
    return value.to_pylist() if isinstance(value, pa.Table) else [value]


def _of_root(path, columns=COLUMNS):
    arrays = uproot.open(path)["messages"].arrays(list(columns))
    return [tuple(row[name] for name in columns) for row in arrays.tolist()]


def _of_hdf5(path, columns=COLUMNS):
    with h5py.File(path) as file:
        rows = file["messages"][:]
    return [tuple(_plain(row[name]) for name in columns) for row in rows]


def _plain(value):
    return value.decode() if isinstance(value, bytes) else value.item()


def _opener(sink, model, **always):
    return lambda directory, **more: sink(model(path=directory / "a", **{"fsync": False, **always, **more}))


KINDS = {
    "csv": Kind(".csv", _opener(csv.CsvSink, options.CsvOptions), _of_csv),
    "csv.zst": Kind(".csv.zst", _opener(csv.CsvSink, options.CsvOptions, zstd=3), _of_csv),
    "raw": Kind(".raw", _opener(raw.RawSink, options.RawOptions), _of_frames),
    "parquet": Kind(".parquet", _opener(parquet.ParquetSink, options.ParquetOptions), _of_parquet),
    "root": Kind(".root", _opener(root.RootSink, options.RootOptions), _of_root),
    "hdf5": Kind(".h5", _opener(hdf5.Hdf5Sink, options.Hdf5Options), _of_hdf5),
}
