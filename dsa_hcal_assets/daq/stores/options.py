"""Options of all stores, apart from them: reading a configuration imports no library of formats."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ByteSize, ConfigDict, Field, SecretStr, field_validator

from dsa_hcal_assets.daq.jobs.durations import Duration


class StoreOptions(BaseModel):
    """When a store job flushes: whatever comes first."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    flush_interval: Duration = 1.0
    """Longest time a message waits before it is durable, s."""
    flush_messages: int = Field(5_000, ge=1)
    """Messages that wait at most."""
    flush_bytes: ByteSize = ByteSize(16 << 20)
    """Payload bytes that wait at most."""


class FileOptions(StoreOptions):
    """Where files go and when a new one is begun."""

    path: Path
    """The file. `{producer}` and `{topic}` stand for the message's, made fit for names of files."""
    add_date: bool = False
    """Put the UTC day of the messages into the name, and begin a new file each day."""
    overwrite: bool = False
    """Begin anew at each orderly start. After a crash the file is continued all the same."""
    rotate_size: ByteSize = ByteSize(1 << 30)
    """Begin a new file (`name+1`, `name+2` ...) when this many bytes have been written."""
    rotate_interval: Duration | None = None
    """Begin a new file when the open one is that old, s."""
    fsync: bool = True
    """Survive power cuts. False survives the death of any process, and is faster."""


class CsvOptions(FileOptions):
    """`[store_config.csv]`."""

    zstd: int = Field(0, ge=0, le=22)
    """Level of compression; 0 writes plain text."""


class RawOptions(FileOptions):
    """`[store_config.raw]`."""

    content: Literal["frames", "payloads"] = "frames"
    """`frames`: everything about each message, read back by `read_frames`; `payloads`: their bytes alone."""


class ParquetOptions(FileOptions):
    """`[store_config.parquet]`."""

    row_group: ByteSize = ByteSize(32 << 20)
    """Bytes in memory that make a row group."""
    zstd: int = Field(3, ge=1, le=22)
    """Level of compression."""
    rotate_interval: Duration | None = 3600.0
    """The open file is made whole, and a new one begun, after this time, s."""


class RootOptions(FileOptions):
    """`[store_config.root]`."""

    tree: str = Field("messages", pattern=r"^\w+$")
    """Name of the tree."""
    rntuple: bool = False
    """Write an RNTuple in place of a TTree."""
    zstd: int = Field(5, ge=1, le=9)
    """Level of compression."""
    buffer: ByteSize = ByteSize(8 << 20)
    """Bytes in memory that are written together, as one basket a branch."""
    rotate_interval: Duration | None = 3600.0
    """The open file is made whole, and a new one begun, after this time, s."""


class Hdf5Options(FileOptions):
    """`[store_config.hdf5]`."""

    dataset: str = Field("messages", min_length=1)
    """Name of the dataset."""
    compression: Literal["none", "lzf", "gzip"] = "none"
    """Of its chunks."""


class SqlOptions(StoreOptions):
    """`[store_config.sql]`."""

    url: SecretStr
    """`postgresql://`, `mysql://`, `mariadb://` or `sqlite:///path`, with user and password."""
    table: str = Field("messages", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,50}$")
    """Made if it does not exist."""
    db_schema: str | None = None
    """Schema of the table; the user's own if not given."""
    connect_deadline: Duration = 5.0
    """Longest time a connection may take, s."""
    statement_deadline: Duration = 60.0
    """Longest time a statement may take, s."""


class RedisOptions(StoreOptions):
    """`[store_config.redis]`."""

    url: SecretStr
    """`redis://`, `rediss://` or `unix://`, with user and password."""
    key: str = Field("daq", min_length=1)
    """Beginning of all keys."""
    expiry_days: float = Field(0.0, ge=0.0)
    """Age at which rows are removed; 0 keeps them."""
    time_series: bool = False
    """Numbers as time series in place of rows in streams."""
    deadline: Duration = 10.0
    """Longest time an answer may take, s."""


class SnapshotOptions(StoreOptions):
    """`[store_config.snapshot]`."""

    path: Path
    """Directory of the files; this store must be its only writer."""
    name: str = Field("{producer}_{topic}_{time}_{sequence}", pattern=r"^[^/]+$")
    """Name of a file, of `{producer}`, `{topic}`, `{time}` (UTC, microseconds), `{epoch}`, `{sequence}`."""
    suffix: str = Field("", pattern=r"^(\.\w+)*$")
    """Ending of the names, as `.json`."""

    @field_validator("name")
    @classmethod
    def _known_placeholders(cls, name: str) -> str:
        try:
            name.format(producer="", topic="", time="", epoch=0, sequence=0)
        except (KeyError, IndexError) as error:
            raise ValueError("only {producer}, {topic}, {time}, {epoch} and {sequence}") from error
        return name


class MemoryOptions(StoreOptions):
    """`[store_config.memory]`."""

    messages: int = Field(1000, ge=1)
    """Newest messages kept of each topic."""
    size: ByteSize = ByteSize(64 << 20)
    """Payload bytes kept in all; a larger message is kept alone."""
