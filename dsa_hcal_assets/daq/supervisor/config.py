"""The supervisor's own options: `supervisor.toml` in the directory of the jobs' files; it may be absent."""

import socket
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ByteSize, ConfigDict, Field, ValidationInfo, field_validator

from dsa_hcal_assets.daq.broker.sender import HIGH_WATER_MARK
from dsa_hcal_assets.daq.federation.config import PeerConfig
from dsa_hcal_assets.daq.jobs.durations import Duration
from dsa_hcal_assets.daq.jobs.files import BadFile, Problem, read_file, read_toml, shown, validated
from dsa_hcal_assets.daq.streams.configuration import StreamConfig

FILE_NAME = "supervisor.toml"
_STRICT = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
_PORT = Field(None, ge=1, le=65535)


class BrokerConfig(BaseModel):
    """The broker of live messages, `[broker]`."""

    model_config = _STRICT

    high_water_mark: int = Field(HIGH_WATER_MARK, ge=1)
    """Live messages that may wait for one subscriber; the next ones are dropped for it, which counts them."""
    publish_port: int | None = _PORT
    """Under `tcp`, where senders connect; None: a free one."""
    subscribe_port: int | None = _PORT
    """Under `tcp`, where receivers connect; None: a free one."""


class ControlConfig(BaseModel):
    """Remote control, `[control]`. Who may is said by keys (`dsa-hcal daq keys`)."""

    model_config = _STRICT

    listen: str | None = Field(None, pattern=r"^tcp://[^\s]+:\d+$")
    """`tcp://host:port`; None: this machine only."""


class FederationConfig(BaseModel):
    """Links to supervisors of other machines, `[federation]`."""

    model_config = _STRICT

    listen: str | None = Field(None, pattern=r"^tcp://[^\s]+:\d+$")
    """Where peers may connect, `tcp://0.0.0.0:port`; None: nowhere."""
    keys: Path | None = None
    """Directory of keys; None: `link-keys` in the run directory."""
    peer: tuple[PeerConfig, ...] = ()
    """The other supervisors, each a `[[federation.peer]]`; `send` takes patterns."""
    mirror: StreamConfig = StreamConfig()
    """How messages that came from peers are kept for the readers here."""

    @field_validator("peer")
    @classmethod
    def _distinct(cls, peers: tuple[PeerConfig, ...]) -> tuple[PeerConfig, ...]:
        if len({peer.id for peer in peers}) < len(peers):
            raise ValueError("peers with distinct ids")
        return peers


class SupervisorConfig(BaseModel):
    """All of `supervisor.toml`."""

    model_config = _STRICT

    id: str = Field(default_factory=socket.gethostname, min_length=1, max_length=200)
    """Unique among federated supervisors; the machine's name unless given."""
    tags: tuple[str, ...] = ()
    """Words for people; jobs see them."""
    transport: Literal["auto", "ipc", "tcp"] = "auto"
    """`ipc`: Unix sockets; `tcp`: ports of the loopback interface; `auto`: the former where there are any."""
    shared_memory: bool = True
    """Whether streams may lie in shared memory; without it all are on disk."""
    ring_budget: ByteSize = ByteSize(4 << 30)
    """Most shared memory all streams together may take."""
    broker: BrokerConfig = BrokerConfig()
    """The broker."""
    control: ControlConfig = ControlConfig()
    """Remote control."""
    federation: FederationConfig | None = None
    """Other machines."""
    reader_patience: Duration = 10.0
    """How long a producer waits for the readers of its stream to run before it is started all the same."""

    @field_validator("federation")
    @classmethod
    def _not_its_own_peer(
        cls, federation: FederationConfig | None, others: ValidationInfo
    ) -> FederationConfig | None:
        own = others.data.get("id")
        if federation is not None and any(peer.id == own for peer in federation.peer):
            raise ValueError(f"peers other than this supervisor, {own!r}")
        return federation


_UNTIL_RESTART = ("id", "tags", "transport", "shared_memory", "broker", "control")
"""Options that a running supervisor cannot change."""


def read_supervisor_config(directory: Path) -> SupervisorConfig:
    """Return the options in a directory of configuration; the defaults where it has none.

    Raises
    ------
    BadFile
        If the file is wrong.
    """
    path = directory / FILE_NAME
    if not path.exists():
        return SupervisorConfig()
    return validated(SupervisorConfig, read_toml(read_file(path), str(path)), str(path))


def reread_supervisor_config(
    present: SupervisorConfig, directory: Path
) -> tuple[SupervisorConfig, tuple[Problem, ...]]:
    """Return the options a running supervisor goes on with, and what of the file it cannot follow."""
    try:
        wanted = read_supervisor_config(directory)
    except BadFile as error:
        return present, error.problems
    fixed = {name: getattr(present, name) for name in _UNTIL_RESTART}
    problems = tuple(
        Problem(
            str(directory / FILE_NAME),
            name,
            f"{shown(value)} until the supervisor is restarted",
            shown(getattr(wanted, name)),
        )
        for name, value in fixed.items()
        if getattr(wanted, name) != value
    )
    return wanted.model_copy(update=fixed), problems
