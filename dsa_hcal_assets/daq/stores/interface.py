"""What every sink promises."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.errors import BadInput, TransientError


class SinkUnavailable(TransientError):
    """The target is away, full or refuses for now; the sink still holds what it was given."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that a sink can never store, and why."""

    message: Message
    reason: str


class Unstorable(BadInput):
    """Some messages can never be stored by this sink; all others of the same call have been taken.

    Attributes
    ----------
    refusals
        The messages, in order, with the reasons.
    """

    def __init__(self, sink: str, refusals: Sequence[Refusal]) -> None:
        self.refusals = tuple(refusals)
        first = refusals[0].message
        super().__init__(
            f"{len(refusals)} message(s) cannot be stored in {sink}, the first being {first.sequence} "
            f"of {first.producer!r}, topic {first.topic!r}",
            found=refusals[0].reason,
            kept="with the caller; a store job keeps them in its dead letters",
            remedy="give this producer or topic a store that can say it",
        )


class Sink(Protocol):
    """A place messages are stored in, exactly once each, in order for each producer.

    Messages may be given again after a failure; those already taken are skipped by producer, epoch and
    sequence. Payloads must stay valid until `flush` has returned. Not safe between threads.

    Attributes
    ----------
    name
        What it is called in errors, without secrets.
    """

    name: str

    def stored(self, producer: str, epoch: int) -> int:
        """Return the last sequence of this producer and epoch that is durably kept, 0 if none."""

    def append(self, messages: Sequence[Message]) -> None:
        """Take messages; nothing is written yet.

        Raises
        ------
        Unstorable
            If some can never be stored; the others have been taken.
        """

    def flush(self) -> None:
        """Make everything taken durable, and `stored` with it, in one effect.

        Raises
        ------
        SinkUnavailable
            If the target does not take it now: call again later, nothing is lost or doubled.
        Unstorable
            If the target itself refused some messages for good. They are out of the sink, and all before
            them is durable; what follows waits, so that they can be kept first: call again.
        """

    def close(self) -> None:
        """Let go of the target in order; what was not flushed is forgotten."""
