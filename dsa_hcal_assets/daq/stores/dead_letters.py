"""What a store can never store: kept as frames in a file, for a person to look at.

A letter is durable before anything behind it is; after a crash it may be there twice, never not at all.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dsa_hcal_assets.daq.messages.message import Attribute, Message
from dsa_hcal_assets.daq.stores.interface import Refusal, Sink, Unstorable
from dsa_hcal_assets.daq.stores.options import RawOptions
from dsa_hcal_assets.daq.stores.raw import RawSink, read_frames

REASON, EPOCH, SEQUENCE = "refused", "refused_epoch", "refused_sequence"


class DeadLetters:
    """A sink that takes everything: what the one behind it refuses goes into a file of frames.

    Parameters
    ----------
    sink
        Where messages should go.
    path
        File of the refused ones, made when the first one comes, with `_` and its UTC day in its name.

    Attributes
    ----------
    counts
        Refused messages by topic, since this object was made.
    last_reason
        Why the newest of them was refused, empty if none was.
    """

    def __init__(self, sink: Sink, path: Path) -> None:
        self._sink = sink
        self._path = path
        self._letters: RawSink | None = None
        # letters are numbered among themselves: refusals do not come in the order of messages
        self._epoch = time.time_ns()
        self.counts: Counter[str] = Counter()
        self.last_reason = ""

    def stored(self, producer: str, epoch: int) -> int:
        """Return the last sequence that the sink has."""
        return self._sink.stored(producer, epoch)

    def append(self, messages: Sequence[Message]) -> None:
        """Take messages, all of them."""
        try:
            self._sink.append(messages)
        except Unstorable as error:
            self._keep(error.refusals)

    def flush(self) -> None:
        """Make everything durable, refused messages before what follows them; raises `SinkUnavailable`."""
        refused = True
        while refused:
            if self._letters is not None:
                self._letters.flush()
            try:
                self._sink.flush()
                refused = False
            except Unstorable as error:
                self._keep(error.refusals)

    def close(self) -> None:
        """Let go of both."""
        self._sink.close()
        if self._letters is not None:
            self._letters.close()

    def _keep(self, refusals: Sequence[Refusal]) -> None:
        if self._letters is None:
            self._letters = RawSink(RawOptions(path=self._path, add_date=True))
        for refusal in refusals:
            message = refusal.message
            self.counts[message.topic] += 1
            self.last_reason = refusal.reason
            facts: dict[str, Attribute] = {
                REASON: refusal.reason,
                EPOCH: message.epoch,
                SEQUENCE: message.sequence,
            }
            letter = replace(
                message,
                epoch=self._epoch,
                sequence=self.counts.total(),
                attributes={**message.attributes, **facts},
            )
            self._letters.append([letter])


def read_letters(path: Path) -> Iterator[Refusal]:
    """Return the messages of a file of dead letters as they were, with the reasons."""
    for letter in read_frames(path):
        attributes = dict(letter.attributes)
        reason, epoch, sequence = (attributes.pop(name) for name in (REASON, EPOCH, SEQUENCE))
        message = replace(letter, epoch=int(str(epoch)), sequence=int(str(sequence)), attributes=attributes)
        yield Refusal(message, str(reason))
