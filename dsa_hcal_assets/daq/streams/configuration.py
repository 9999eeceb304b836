"""Where streams lie, and how one of them behaves."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ByteSize, ConfigDict, Field

from dsa_hcal_assets.daq.streams.interface import Policy

MIB = 1024 * 1024
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the system's own place for it


@dataclass(frozen=True)
class StreamPlace:
    """Where the streams of one supervisor lie.

    Attributes
    ----------
    run_dir
        Directory on disk of the supervisor; cursors, and messages that do not stay in memory.
    shared_memory
        Whether rings in shared memory may be used; without it every stream is kept on disk.
    memory_root
        The file system in memory that rings lie on.
    """

    run_dir: Path
    shared_memory: bool = True
    memory_root: Path = SHARED_MEMORY


class StreamConfig(BaseModel):
    """How the stream of one producer behaves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: Policy = Field(Policy.SPILL, description="What happens when the slowest reader leaves no room")
    keep: Literal["memory", "disk"] = Field(
        "memory", description="memory: a ring in shared memory; disk: a log that outlives a reboot"
    )
    size: Annotated[ByteSize, Field(ge=4096)] = Field(
        ByteSize(64 * MIB),
        description="Bytes of the ring; on disk the most that block and drop_oldest keep",
    )
    spill_limit: Annotated[ByteSize, Field(ge=4096)] = Field(
        ByteSize(10 * 1024 * MIB), description="Most bytes that wait on disk under spill; then send waits"
    )
    segment: Annotated[ByteSize, Field(ge=4096)] = Field(
        ByteSize(64 * MIB), description="Bytes of one file of the log"
    )
    sync: Literal["none", "batch", "each"] = Field(
        "none",
        description="When messages on disk are forced through its cache, so that they outlive a power cut: "
        "left to the system, at least each second while sending, or before send returns",
    )

    @property
    def disk_limit(self) -> int:
        """Most bytes that may wait on disk."""
        return int(self.spill_limit if self.policy is Policy.SPILL else self.size)
