"""The stores as job types; their names are the entry points of the package.

A sink's module is imported when the sink is opened: libraries of formats and databases are slow to import,
and one that is not installed concerns nobody else.
"""

from typing import Any

from dsa_hcal_assets.daq.stores.interface import Sink
from dsa_hcal_assets.daq.stores.options import (
    CsvOptions,
    Hdf5Options,
    ParquetOptions,
    RawOptions,
    RedisOptions,
    RootOptions,
    SnapshotOptions,
    SqlOptions,
)
from dsa_hcal_assets.daq.stores.store_job import StoreJob


class CsvStore(StoreJob):
    """Job type `csv`: rows as CSV files."""

    Options = CsvOptions

    def open_sink(self, options: Any) -> Sink:
        """Return the sink."""
        from dsa_hcal_assets.daq.stores.csv import CsvSink

        return CsvSink(options)


class RawStore(StoreJob):
    """Job type `raw`: frames or payloads as binary files."""

    Options = RawOptions

    def open_sink(self, options: Any) -> Sink:
        """Return the sink."""
        from dsa_hcal_assets.daq.stores.raw import RawSink

        return RawSink(options)


class ParquetStore(StoreJob):
    """Job type `parquet`: rows as Parquet files."""

    Options = ParquetOptions

    def open_sink(self, options: Any) -> Sink:
        """Return the sink."""
        from dsa_hcal_assets.daq.stores.parquet import ParquetSink

        return ParquetSink(options)


class RootStore(StoreJob):
    """Job type `root`: rows as ROOT files."""

    Options = RootOptions

    def open_sink(self, options: Any) -> Sink:
        """Return the sink."""
        from dsa_hcal_assets.daq.stores.root import RootSink

        return RootSink(options)


class Hdf5Store(StoreJob):
    """Job type `hdf5`: rows and arrays as HDF5 files."""

    Options = Hdf5Options

    def open_sink(self, options: Any) -> Sink:
        """Return the sink."""
        from dsa_hcal_assets.daq.stores.hdf5 import Hdf5Sink

        return Hdf5Sink(options)


class SqlStore(StoreJob):
    """Job type `sql`: rows in a table of a database."""

    Options = SqlOptions

    def open_sink(self, options: Any) -> Sink:
        """Return the sink."""
        from dsa_hcal_assets.daq.stores.sql import SqlSink

        return SqlSink(options)


class RedisStore(StoreJob):
    """Job type `redis`: rows in Redis."""

    Options = RedisOptions

    def open_sink(self, options: Any) -> Sink:
        """Return the sink."""
        from dsa_hcal_assets.daq.stores.redis import RedisSink

        return RedisSink(options)


class SnapshotStore(StoreJob):
    """Job type `snapshot`: each message as a durable file."""

    Options = SnapshotOptions

    def open_sink(self, options: Any) -> Sink:
        """Return the sink."""
        from dsa_hcal_assets.daq.stores.snapshot import SnapshotSink

        return SnapshotSink(options)
