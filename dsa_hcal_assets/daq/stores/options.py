"""Options that several stores share."""

from pathlib import Path

from pydantic import BaseModel, ByteSize, ConfigDict, Field

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
    """Begin a new file (`name.1`, `name.2` ...) when this many bytes have been written."""
    rotate_interval: Duration | None = None
    """Begin a new file when the open one is that old, s."""
    fsync: bool = True
    """Survive power cuts. False survives the death of any process, and is faster."""
