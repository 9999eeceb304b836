"""What each store of the campaign has, row by row, in the order it was stored."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import h5py
import pyarrow.csv
import pyarrow.parquet as pq
import pymysql
import redis
import uproot

from dsa_hcal_assets.daq.stores.raw import read_frames
from dsa_hcal_assets_tests.private_servers import HOST

Row = tuple[str, int, int]
"""Name inside the payload, sequence, number inside the payload."""
COLUMNS = ("who", "sequence", "n")


def _of_columns(columns: list[list[object]]) -> list[Row]:
    return [(str(who), int(sequence), int(n)) for who, sequence, n in zip(*columns, strict=True)]


def _csv(path: Path) -> list[Row]:
    table = pyarrow.csv.read_csv(path)
    return _of_columns([table.column(name).to_pylist() for name in COLUMNS])


def _parquet(path: Path) -> list[Row]:
    table = pq.read_table(path)
    return _of_columns([table.column(name).to_pylist() for name in COLUMNS])


def _raw(path: Path) -> list[Row]:
    rows = []
    for message in read_frames(path):
        value = json.loads(bytes(message.payload))
        rows.append((value["who"], message.sequence, value["n"]))
    return rows


def _hdf5(path: Path) -> list[Row]:
    with h5py.File(path) as file:
        rows = file["messages"][:]
    return [(row["who"].decode(), int(row["sequence"]), int(row["n"])) for row in rows]


def _root(path: Path) -> list[Row]:
    rows = uproot.open(path)["messages"].arrays(list(COLUMNS)).tolist()
    return [(row["who"], row["sequence"], row["n"]) for row in rows]


FILES: dict[str, tuple[str, Callable[[Path], list[Row]]]] = {
    "csv": (".csv", _csv),
    "raw": (".raw", _raw),
    "hdf5": (".h5", _hdf5),
    "parquet": (".parquet", _parquet),
    "root": (".root", _root),
}


def of_files(kind: str, directory: Path) -> list[Row]:
    """Return the rows of all files of a store, in the order the files were begun."""
    suffix, read = FILES[kind]
    files = [path for path in directory.glob(f"rows*{suffix}") if ".open" not in path.name]
    files.sort(key=lambda path: int(path.name.removesuffix(suffix).partition("+")[2] or 0))
    return [row for path in files for row in read(path)]


_QUERY = "select who, sequence, n from messages where producer = {} order by epoch, sequence"


def of_sqlite(path: Path, producer: str) -> list[Row]:
    with sqlite3.connect(path) as connection:
        return [(who, int(s), int(n)) for who, s, n in connection.execute(_QUERY.format("?"), (producer,))]


def of_mariadb(port: int, producer: str) -> list[Row]:
    with pymysql.connect(host=HOST, port=port, user="root", database="daq") as connection:
        cursor = connection.cursor()
        cursor.execute(_QUERY.format("%s"), (producer,))
        return [(who, int(s), int(n)) for who, s, n in cursor.fetchall()]


def of_redis(port: int, producer: str) -> list[Row]:
    client = redis.Redis(port=port, decode_responses=True)
    entries = client.xrange(f"daq:{producer}:rows")
    return [(entry["who"], int(entry["sequence"]), int(entry["n"])) for _, entry in entries]
