"""Commands that only read, and the gate on the one path to a socket that lets no other bytes pass.

Each device's protocol names what may be asked of it; whatever sets, switches or disturbs something
cannot be built there and is refused here.
"""

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar

from dsa_hcal_assets.errors import PermanentError

TERMINATOR = b"\n\r"  # LF CR, in this order
Gate = Callable[[bytes], bytes]
"""Returns the bytes it is given, or raises `CommandRefused`: the last look before the socket."""


class CommandRefused(PermanentError):
    """Bytes that are no read command of the whitelist were about to be sent to a board."""


class ReadCommand(Protocol):
    """What is asked of a board that answers with lines of text, and what must come back."""

    @property
    def text(self) -> str:
        """The command without ``$``, as boards echo it."""

    @property
    def wire(self) -> bytes:
        """The bytes to send."""

    @property
    def count(self) -> int:
        """Values of a complete reply."""

    @property
    def units(self) -> tuple[str, ...]:
        """Units a board may append to its values."""


class ReadingKind(enum.Enum):
    """What may be asked of a channel: label, command letters, number of values, units a board may append."""

    def __init__(self, label: str, letters: str, count: int, units: tuple[str, ...]) -> None:
        self.label = label
        self.letters = letters
        self.count = count
        self.units = units


K = TypeVar("K", bound=ReadingKind)


@dataclass(frozen=True)
class ChannelCommand(Generic[K]):
    """One `ReadCommand`: which reading of which channel.

    Attributes
    ----------
    noun, channels
        What a channel is called, and how many there are.
    """

    reading: K
    channel: int
    noun: ClassVar[str]
    channels: ClassVar[int]

    def __post_init__(self) -> None:
        if isinstance(self.channel, bool) or self.channel not in range(self.channels):
            raise CommandRefused(f"{self.noun} {self.channel!r}", expected=f"0-{self.channels - 1}")

    @property
    def text(self) -> str:
        """The command without ``$``, as boards echo it."""
        return f"{self.reading.letters}{self.channel}"

    @property
    def wire(self) -> bytes:
        """The bytes to send."""
        return b"$" + self.text.encode("ascii") + TERMINATOR

    @property
    def count(self) -> int:
        """Values of a complete reply."""
        return self.reading.count

    @property
    def units(self) -> tuple[str, ...]:
        """Units a board may append to its values."""
        return self.reading.units

    def __str__(self) -> str:
        return f"{self.reading.label} of {self.noun} {self.channel}"


def only(allowed: Iterable[bytes], device: str, expected: str) -> Gate:
    """Return the gate that lets `allowed` pass, to the byte, and nothing else.

    Parameters
    ----------
    device
        What they are sent to, for the message of `CommandRefused`.
    expected
        The whitelist in words, likewise.
    """
    whitelist = frozenset(allowed)

    def require_read_only(wire: bytes) -> bytes:
        if wire not in whitelist:
            raise refused(repr(wire[:40]), device, expected)
        return wire

    return require_read_only


def refused(shown: str, device: str, expected: str, found: str | None = None) -> CommandRefused:
    """Return the error for bytes, `shown` for people, that are not in a whitelist."""
    return CommandRefused(
        f"{shown} must not be sent to {device}",
        expected=expected,
        found=found,
        remedy="this platform only reads; set things with the detector's own control programs",
    )
