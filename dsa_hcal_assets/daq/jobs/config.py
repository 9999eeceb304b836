"""What every job's TOML file may say; a job type adds its own keys by subclassing `JobConfig`."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ByteSize, ConfigDict, Field

from dsa_hcal_assets.daq.jobs.durations import Duration
from dsa_hcal_assets.daq.streams.configuration import StreamConfig

_STRICT = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, populate_by_name=True)


class InputConfig(BaseModel):
    """Producers whose kept messages this job reads, `[[input]]`."""

    model_config = _STRICT

    producers: str = Field(alias="from", min_length=1)
    """Id of a producer, or a pattern as of a shell (`noise*`); `id@supervisor` for one of another machine."""
    topics: tuple[str, ...] = ("*",)
    """Patterns of the topics wanted."""
    options: dict[str, Any] = {}
    """What the reading job is told about these producers."""


class Limits(BaseModel):
    """Bounds the system holds the job's process to, where it has them, `[limits]`."""

    model_config = _STRICT

    memory: Annotated[ByteSize, Field(ge=64 << 20)] | None = None
    """Address space, at least 64 MiB; shared memory the job maps counts."""
    nice: int = Field(0, ge=0, le=19)
    """Added to the supervisor's own; higher numbers give way to others."""
    cpus: tuple[int, ...] = ()
    """Processors the job may use; all when empty."""


class RestartConfig(BaseModel):
    """When the supervisor starts the job again, `[restart]`."""

    model_config = _STRICT

    when: Literal["failed", "ended", "never"] = "failed"
    """`failed`: after an error, a signal or a hang; `ended`: also after it ended in order by itself."""
    first_delay: Duration = 0.5
    """Wait before the first restart, doubled for each further one."""
    longest_delay: Duration = 60.0
    """Longest wait, and the pace of attempts in a crash loop."""
    budget: int = Field(5, ge=0)
    """More failures than this within `budget_window` are a crash loop."""
    budget_window: Duration = 300.0
    """See `budget`."""


class LogConfig(BaseModel):
    """The job's log, JSON lines in `<run directory>/logs/<id>.jsonl`, `[log]`."""

    model_config = _STRICT

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least severe level that is written."""
    size: ByteSize = ByteSize(10_000_000)
    """Turned over at this size."""
    files: int = Field(5, ge=1)
    """Older files kept."""


class JobConfig(BaseModel):
    """One job, as its TOML file says it. Durations are seconds."""

    model_config = _STRICT

    type: str = Field(min_length=1)
    """Which job type: a name `dsa-hcal daq types` lists, or `package.module:Class`."""
    id: str = Field(min_length=1, max_length=200)
    """Unique within the supervisor; any characters."""
    enabled: bool = True
    """Whether the supervisor starts it by itself."""
    interval: Duration = 1.0
    """Time between two steps."""
    subscribe: tuple[str, ...] = ()
    """Topics of live messages it gets (`alerts.*`; one ending with a dot takes all below it)."""
    after: tuple[str, ...] = ()
    """Ids of jobs that must run before this one is started."""
    input: tuple[InputConfig, ...] = ()
    """Producers whose kept messages it reads."""
    stream: StreamConfig = StreamConfig()
    """The stream its own messages are kept in."""
    store_config: dict[str, dict[str, Any]] = {}
    """Stores for its messages: store job's id or type to that store's options; `topics` chooses some."""
    live_copy: ByteSize = ByteSize(4096)
    """Kept messages with payloads up to this size are also published live; 0 for none."""
    start_deadline: Duration = 60.0
    """How long its set-up may take."""
    stop_deadline: Duration = 10.0
    """How long it may take to end when asked."""
    hang_after: Duration = 30.0
    """Killed and started anew when its loop has not shown life for so long."""
    limits: Limits = Limits()
    """Resource limits."""
    restart: RestartConfig = RestartConfig()
    """Restart policy."""
    log: LogConfig = LogConfig()
    """Logging."""
