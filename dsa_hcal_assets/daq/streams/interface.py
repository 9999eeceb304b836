"""What every stream promises, wherever it keeps its messages.

A stream belongs to one producer. Its one writer appends messages; each of its registered readers has a
cursor of its own, which moves when the reader acknowledges. What `send` returned for outlives the
producer's process; under `block` and `spill` it stays until every registered reader has acknowledged it.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Protocol

from dsa_hcal_assets.daq.messages.message import Attribute, Message


class Policy(StrEnum):
    """What happens when the slowest reader leaves no room."""

    BLOCK = "block"
    """`send` waits."""
    DROP_OLDEST = "drop_oldest"
    """The oldest messages go, and every reader that missed them counts them as lost."""
    SPILL = "spill"
    """What finds no room in memory goes to disk, and is read from there in its turn."""


class StreamWriter(Protocol):
    """The producer's end."""

    @property
    def producer(self) -> str:
        """Id of the job that writes."""

    @property
    def epoch(self) -> int:
        """Epoch of the messages sent now."""

    @property
    def last_sequence(self) -> int:
        """Sequence of the newest message, 0 before the first."""

    def send(
        self,
        topic: str,
        value: object,
        *,
        attributes: Mapping[str, Attribute] | None = None,
        timeout: float | None = None,
    ) -> int:
        """Append `value` (see `messages.payload.encode`) and return its sequence.

        Raises
        ------
        StreamFull
            If no room came within `timeout` seconds (None waits for ever); nothing was sent. Under `spill`
            that is room on disk, within the stream's limit.
        MessageTooLarge
            If it can never fit; nothing was sent.
        DiskFull, WriteFailed
            If it has to go to disk and the system refuses; nothing was sent.
        """

    def loan(
        self,
        topic: str,
        length: int,
        *,
        attributes: Mapping[str, Attribute] | None = None,
        timeout: float | None = None,
    ) -> AbstractContextManager[memoryview]:
        """Lend the place of the next message's payload, `length` bytes to be written there directly.

        The message (RAW) is sent when the context ends, and not at all if it ends by an exception. The view
        must not be used after that. Raises as `send`.
        """

    def forward(self, message: Message, *, timeout: float | None = None) -> bool:
        """Append a message of another machine as it is; return False if it is already here.

        Its producer must be this stream's. A later epoch than the stream's begins here too; a hole in the
        sequence is allowed, and counted by readers. Raises as `send`.
        """

    def readers_waiting(self) -> bool:
        """Whether a reader sleeps and would be glad of a notice."""

    def close(self) -> None:
        """Let go of the stream; what was sent stays for its readers."""


class StreamReader(Protocol):
    """One consumer's end; its name keeps its place across restarts."""

    @property
    def lost(self) -> int:
        """Messages this reader has missed (holes in the sequence), since it was registered."""

    @property
    def behind(self) -> int:
        """Messages of the present epoch that have not been received."""

    def poll(self) -> bool:
        """Whether there is something new."""

    waiting: bool
    """Whether the reader is to be woken by the next message: set it before sleeping on `fileno`."""

    def fileno(self) -> int | None:
        """Return the descriptor that becomes readable when a message comes while `waiting`.

        None where there are no named pipes. It may stay silent in rare cases: look again after 20 ms.
        """

    def receive(self, limit: int = 256, timeout: float = 0.0) -> Sequence[Message]:
        """Return up to `limit` further messages in order, waiting up to `timeout` s for the first.

        A reader opened anew gets everything again that it had not acknowledged. Payloads are views, valid
        until acknowledged.
        """

    def acknowledge(self, epoch: int, sequence: int) -> None:
        """Say that everything up to (epoch, sequence) has been dealt with and will not be asked for again."""

    def close(self) -> None:
        """Let go of the stream; what was not acknowledged will be delivered again."""
