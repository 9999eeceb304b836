"""What each store of the campaign has, row by row, in the order it was stored."""

import sqlite3
from pathlib import Path

import pymysql
import redis

from dsa_hcal_assets_tests.daq.stores.reading_back import KINDS
from dsa_hcal_assets_tests.private_servers import HOST

Row = tuple[str, int, int]
"""Name inside the payload, sequence, number inside the payload."""
COLUMNS = ("who", "sequence", "n")


FILES = ("csv", "raw", "hdf5", "parquet", "root")


def of_files(kind: str, directory: Path) -> list[Row]:
    """Return the rows of all files of a store, in the order the files were begun."""
    return KINDS[kind].all_rows(directory, COLUMNS)


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
