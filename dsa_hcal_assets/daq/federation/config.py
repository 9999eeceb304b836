"""What a link needs to know: itself, its peers, and what goes to and comes from each."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ByteSize, ConfigDict, Field, model_validator

from dsa_hcal_assets.daq.streams.opening import StreamConfig

_STRICT = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
_ADDRESS = r"^tcp://[^\s]+:\d+$"


class PeerConfig(BaseModel):
    """Another supervisor."""

    model_config = _STRICT

    id: str = Field(min_length=1)
    """Its id; its public key is the file of that name in the directory of keys."""
    address: str | None = Field(None, pattern=_ADDRESS)
    """Where its link listens, `tcp://host:port`; None: it connects to this one."""
    send: tuple[str, ...] = ()
    """Ids of the local producers whose streams it gets, every message of them."""
    live: tuple[str, ...] = ()
    """Patterns of live topics it gets."""
    receive: tuple[str, ...] = ("*",)
    """Patterns of the producers whose streams are taken from it."""


class MirrorReader(BaseModel):
    """A reader that mirror streams are made with, so that they hold for it what it has not read yet."""

    model_config = _STRICT

    producers: str = Field(min_length=1)
    """Pattern of mirrored producers, `id@supervisor`."""
    name: str = Field(min_length=1)
    """Name of the reader."""


class LinkConfig(BaseModel):
    """One supervisor's link to all its peers. Times in seconds."""

    model_config = _STRICT

    supervisor: str = Field(min_length=1)
    """Id of the supervisor it belongs to."""
    keys: Path
    """Directory of keys (`federation.keys`)."""
    listen: str | None = Field(None, pattern=_ADDRESS)
    """Where peers may connect, `tcp://0.0.0.0:port`; None: nowhere."""
    peers: tuple[PeerConfig, ...] = ()
    """The other supervisors; nobody else is let in."""
    mirror: StreamConfig = StreamConfig()
    """How messages that came from peers are kept for the readers here."""
    readers: tuple[MirrorReader, ...] = ()
    """Readers of mirror streams."""
    window_messages: int = Field(4096, ge=1)
    """Messages of one stream that may be on their way."""
    window_bytes: ByteSize = Field(ByteSize(16 << 20), ge=1)
    """Bytes of one stream that may be on their way; one message may be longer."""
    heartbeat: float = Field(1.0, gt=0)
    """Pace of heartbeats; what was lost on the way is asked for again at the next one."""
    away_after: float = Field(5.0, gt=0)
    """A peer that was silent for so long counts as away."""
    largest_skew: float = Field(2.0, gt=0)
    """Difference of the clocks above which an alarm is told; messages flow all the same."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        ids = [peer.id for peer in self.peers]
        if len(set(ids)) < len(ids) or self.supervisor in ids:
            raise ValueError(f"peers need distinct ids, other than {self.supervisor!r}")
        return self
