"""Every kind of file store: how to open its sink, and how to read all that it has, in order."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import uproot

from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets.daq.stores import csv, hdf5, options, parquet, raw, root


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
        Returns (producer, sequence, n) of each row of one file.
    """

    suffix: str
    sink: Callable[..., Any]
    rows: Callable[[Path], list[tuple[str, int, int]]]

    def files(self, directory):
        """Its whole files in the order they were begun."""
        found = [path for path in directory.glob(f"a*{self.suffix}") if ".open" not in path.name]
        return sorted(found, key=_number)

    def all_rows(self, directory):
        return [row for path in self.files(directory) for row in self.rows(path)]


def _number(path):
    day, _, number = path.name.split(".")[0].partition("+")
    return day, int(number or 0)


def _of_table(table):
    columns = (table.column(name).to_pylist() for name in ("producer", "sequence", "n"))
    return [(str(producer), int(sequence), int(n)) for producer, sequence, n in zip(*columns, strict=True)]


def _of_csv(path):
    return _of_table(pa.csv.read_csv(path))


def _of_frames(path):
    return [(m.producer, m.sequence, row["n"]) for m in raw.read_frames(path) for row in _records(decode(m))]


def _records(value):
    return value.to_pylist() if isinstance(value, pa.Table) else [value]


def _of_root(path):
    arrays = uproot.open(path)["messages"].arrays(["producer", "sequence", "n"])
    return [(row["producer"], row["sequence"], int(row["n"])) for row in arrays.tolist()]


def _of_hdf5(path):
    with h5py.File(path) as file:
        rows = file["messages"][:]
    return [(row["producer"].decode(), int(row["sequence"]), int(row["n"])) for row in rows]


def _opener(sink, model, **always):
    return lambda directory, **more: sink(model(path=directory / "a", **{"fsync": False, **always, **more}))


KINDS = {
    "csv": Kind(".csv", _opener(csv.CsvSink, options.CsvOptions), _of_csv),
    "csv.zst": Kind(".csv.zst", _opener(csv.CsvSink, options.CsvOptions, zstd=3), _of_csv),
    "raw": Kind(".raw", _opener(raw.RawSink, options.RawOptions), _of_frames),
    "parquet": Kind(
        ".parquet",
        _opener(parquet.ParquetSink, options.ParquetOptions),
        lambda path: _of_table(pq.read_table(path)),
    ),
    "root": Kind(".root", _opener(root.RootSink, options.RootOptions), _of_root),
    "hdf5": Kind(".h5", _opener(hdf5.Hdf5Sink, options.Hdf5Options), _of_hdf5),
}
