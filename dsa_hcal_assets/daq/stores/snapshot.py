"""Each message a file of its own, whole under its name or not there: the platform's own durable files.

Payloads are written as they are, so a change of content changes nothing. Writing the same again has no
effect, so a file that was written but not confirmed is not doubled; should something have taken it away
meanwhile, it appears once more, with the same content. A message whose name exists with other content is
refused.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

from dsa_hcal_assets.daq.durable_file import make_directory, remove_leftovers, write_durably
from dsa_hcal_assets.daq.identity import safe_name
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.one_writer import one_writer
from dsa_hcal_assets.daq.stores import file_record
from dsa_hcal_assets.daq.stores.buffered import BufferedSink
from dsa_hcal_assets.daq.stores.interface import Refusal, SinkUnavailable
from dsa_hcal_assets.daq.stores.options import SnapshotOptions
from dsa_hcal_assets.daq.stores.progress import Progress
from dsa_hcal_assets.errors import InputConflict, TransientError

_RECORD = ".store.progress"


class SnapshotSink(BufferedSink[Message]):
    """Writes one durable file for each message.

    Parameters
    ----------
    options
        See `SnapshotOptions`.

    Raises
    ------
    SecondWriter
        If another process writes into the directory.
    """

    def __init__(self, options: SnapshotOptions) -> None:
        make_directory(options.path)
        self._options = options
        self._held = ExitStack()
        self._held.enter_context(one_writer(options.path))
        remove_leftovers(options.path)
        record = file_record.load(options.path / _RECORD)
        super().__init__(str(options.path), Progress(record.stored))

    def close(self) -> None:
        """Let another writer in."""
        self._held.close()

    def name_of(self, message: Message) -> str:
        """Return the name of the file of `message`."""
        moment = datetime.fromtimestamp(message.time_ns // 1_000_000_000, UTC)
        microseconds = message.time_ns // 1000 % 1_000_000
        name = self._options.name.format(
            producer=safe_name(message.producer),
            topic=safe_name(message.topic),
            time=f"{moment:%Y-%m-%dT%H%M%S}.{microseconds:06d}Z",
            epoch=message.epoch,
            sequence=message.sequence,
        )
        return name + self._options.suffix

    def _prepare(self, messages: Sequence[Message]) -> tuple[Sequence[Message], list[Refusal]]:
        return messages, []

    def _commit(self) -> list[Refusal]:
        done = 0
        try:
            for message in self._pending:
                write_durably(self._options.path / self.name_of(message), bytes(message.payload))
                done += 1
        except InputConflict as error:
            self._confirm(done)
            return [Refusal(self._pending.pop(0), str(error))]
        except TransientError as error:
            raise self._unavailable(error) from error
        self._confirm(done)
        return []

    def _confirm(self, count: int) -> None:
        """Say that the first `count` of what waits is written."""
        stored = Progress(self._stored.entries())
        if stored.advance(self._pending[:count]):
            record = file_record.FileRecord(stored=stored.entries())
            try:
                file_record.save(self._options.path / _RECORD, record)
            except TransientError as error:
                raise self._unavailable(error) from error
        self._stored = stored
        del self._pending[:count]

    def _unavailable(self, error: TransientError) -> SinkUnavailable:
        return SinkUnavailable(
            f"{self.name} takes nothing now: {error.what}",
            found=error.found,
            kept="what was written stays; the rest waits",
            remedy=error.remedy,
        )
