"""Files that grow at their end, cut back to what was confirmed when they are opened after a crash.

One flush is: bytes appended, synced, then the record beside the file replaced (`file_record`). What a
killed writer left behind the recorded length is cut off, and the messages it held come again from the stream.
After any failure the state is read from the disk again, by the same steps as at the start.

A file's day is that of the messages it was begun for; a straggler of the day before, coming after a message
of the new day, goes into the new day's file.
"""

import logging
import os
import time
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import msgspec

from dsa_hcal_assets.daq.durable_file import explain_os_error, make_directory, sync_directory
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.one_writer import one_writer
from dsa_hcal_assets.daq.stores import file_record
from dsa_hcal_assets.daq.stores.buffered import BufferedSink
from dsa_hcal_assets.daq.stores.file_names import FileNames
from dsa_hcal_assets.daq.stores.interface import Refusal, SinkUnavailable
from dsa_hcal_assets.daq.stores.options import FileOptions
from dsa_hcal_assets.daq.stores.progress import Progress
from dsa_hcal_assets.errors import TransientError

logger = logging.getLogger(__name__)

Bytes = bytes | memoryview
_IOV_MAX = 1024


class Piece(Protocol):
    """Messages that go into one file together."""

    @property
    def messages(self) -> Sequence[Message]:
        """The messages, in order."""

    @property
    def day(self) -> int:
        """UTC day, counted from 1970-01-01."""


P = TypeVar("P", bound=Piece)


class AppendingSink(BufferedSink[P], Generic[P]):
    """A sink over files that are only ever appended to.

    Parameters
    ----------
    options
        Where the files go.
    suffix
        Added to the name when it does not end with it.

    Raises
    ------
    SecondWriter
        If another process writes these files.
    RecordDamaged
        If the progress beside them cannot be read.
    """

    def __init__(self, options: FileOptions, suffix: str) -> None:
        super().__init__(str(options.path))
        self._options = options
        self._names = FileNames(options.path, suffix, options.add_date)
        self._record = file_record.FileRecord()
        self._descriptor = -1
        self._begun_at = 0.0
        self._known = False
        self._held = ExitStack()
        make_directory(options.path.parent)
        self._held.enter_context(one_writer(options.path.parent, self._names.lock))
        try:
            self._resume(starting=True)
        except BaseException:
            self._held.close()
            raise

    @property
    def file(self) -> Path | None:
        """The file written to now, None before the first flush."""
        return self._names.file(*self._number) if self._record.open else None

    def close(self) -> None:
        """Let go of the files in order; a later sink of the same path goes on where this one ended."""
        if self._known:
            with self._failures():
                self._end_of_use()
                self._save(in_order=True)
        self._release()
        self._held.close()

    # what a kind of file says about itself

    @abstractmethod
    def _bytes_of(self, pieces: Sequence[P]) -> Sequence[Bytes]:
        """Return what to append for `pieces`; they are the first of a file if `self._record.length` is 0."""

    def _schema_for(self, piece: P, current: bytes) -> bytes:  # noqa: ARG002 - for files with columns
        """Return the columns a file must have to take `piece`; `current` if it has them."""
        return current

    def _written(self) -> None:
        """Called when what was appended is durable."""

    def _data_path(self) -> Path:
        """Return the file that is appended to."""
        return self._names.file(*self._number)

    def _end_file(self) -> None:
        """Called when the open file will not be written to any more."""

    def _end_of_use(self) -> None:
        """Called at an orderly close."""

    def _reopened(self) -> None:
        """Called when an earlier process's open file has been cut back and opened."""

    @property
    def _number(self) -> tuple[int, int]:
        return self._record.day, self._record.number

    # one flush

    def _commit(self) -> Sequence[Refusal]:
        with self._failures():
            if not self._known:
                self._resume()
            while self._pending:
                schema, count = self._next_run()
                if self._must_begin(schema, self._pending[0].day):
                    self._finish()
                    self._begin(schema, self._pending[0].day)
                self._append_run(self._pending[:count])
                del self._pending[:count]
            if self._record.open and self._is_due():
                self._finish()
        return ()

    def _next_run(self) -> tuple[bytes, int]:
        """Return the columns for the first waiting piece, and how many further ones share its file."""
        current = self._record.schema
        first = self._pending[0]
        schema = self._schema_for(first, current)
        count = 1
        for piece in self._pending[1:]:
            if self._new_day(piece.day, first.day) or self._schema_for(piece, schema) != schema:
                break
            count += 1
        return schema, count

    def _must_begin(self, schema: bytes, day: int) -> bool:
        record = self._record
        return not record.open or schema != record.schema or self._new_day(day, record.day) or self._is_due()

    def _new_day(self, day: int, current: int) -> bool:
        return self._options.add_date and day > current

    def _is_due(self) -> bool:
        interval = self._options.rotate_interval
        old = interval is not None and time.monotonic() - self._begun_at >= interval
        return self._record.length > 0 and (old or self._record.length >= self._options.rotate_size)

    def _append_run(self, pieces: Sequence[P]) -> None:
        written = _write_all(self._descriptor, self._bytes_of(pieces))
        if self._options.fsync:
            os.fsync(self._descriptor)
        for piece in pieces:
            self._stored.advance(piece.messages)
        self._save(length=self._record.length + written)
        self._written()

    # files, one after the other

    def _begin(self, schema: bytes, day: int) -> None:
        record = self._record
        number = 0 if self._new_day(day, record.day) else record.number + 1
        # days do not go back: files of ours would come again, and `overwrite` take them for others
        day = max(day, record.day)
        while self._names.file(day, number).exists():
            if self._options.overwrite:
                self._names.file(day, number).unlink()
            else:
                # somebody else's file is left alone
                number += 1
        # the record comes first: a file of ours that nobody knows of would be taken for somebody else's
        self._save(day=day, number=number, length=0, schema=schema, open=True)
        self._open(self._data_path())
        self._begun_at = time.monotonic()

    def _finish(self) -> None:
        if not self._record.open:
            return
        if self._record.length:
            self._end_file()
            self._release()
            self._save(open=False)
        else:
            self._release()
            self._data_path().unlink(missing_ok=True)
            self._save(open=False, number=self._record.number - 1)

    def _open(self, path: Path) -> None:
        self._release()
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        os.ftruncate(self._descriptor, self._record.length)
        os.lseek(self._descriptor, 0, os.SEEK_END)
        if self._options.fsync:
            sync_directory(path.parent)

    def _release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    # the start, and what follows a failure

    def _resume(self, *, starting: bool = False) -> None:
        self._release()
        self._record = file_record.load(self._names.record)
        self._stored = Progress(self._record.stored)
        if starting:
            self._taken = Progress(self._record.stored)
            if self._options.overwrite and self._record.in_order:
                self._remove_series()
        self._pending = [piece for piece in self._pending if not self._has(piece)]
        if self._record.in_order:
            self._save(in_order=False)
        if self._record.open:
            self._reopen()
        self._known = True

    def _reopen(self) -> None:
        path = self._data_path()
        found = path.stat().st_size if path.exists() else 0
        if found < self._record.length:
            logger.error(
                "%s has %d of the %d bytes that were stored in it: it is left as it is, a new file is begun",
                path, found, self._record.length,
            )  # fmt: skip
            self._save(open=False)
            return
        self._open(path)
        self._begun_at = time.monotonic()
        self._reopened()

    def _remove_series(self) -> None:
        for number in range(self._record.number + 1):
            self._names.file(self._record.day, number).unlink(missing_ok=True)
        self._save(number=-1, length=0, schema=b"", open=False)

    def _has(self, piece: P) -> bool:
        last = piece.messages[-1]
        return last.sequence <= self._stored.last(last.producer, last.epoch)

    def _save(self, **changes: object) -> None:
        record = msgspec.structs.replace(self._record, stored=self._stored.entries(), **changes)
        file_record.save(self._names.record, record, sync=self._options.fsync)
        self._record = record

    def _failures(self) -> "_Failures":
        return _Failures(self)


class _Failures:
    """After any failure the sink reads its state from the disk; `SinkUnavailable` where the disk failed."""

    def __init__(self, sink: AppendingSink[P]) -> None:
        self._sink = sink

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        self._sink._known = False
        if isinstance(error, OSError):
            error = explain_os_error(Path(self._sink.name), 0, error)
        if isinstance(error, TransientError):
            raise SinkUnavailable(
                f"{self._sink.name} takes nothing now: {error.what}",
                found=error.found,
                kept="what was stored before; the rest waits",
                remedy=error.remedy,
            ) from error


def _write_all(descriptor: int, parts: Sequence[Bytes]) -> int:
    views = [memoryview(part).cast("B") for part in parts]
    total = sum(len(view) for view in views)
    start = 0
    while start < len(views):
        written = os.writev(descriptor, views[start : start + _IOV_MAX])
        while start < len(views) and written >= len(views[start]):
            written -= len(views[start])
            start += 1
        if written:
            views[start] = views[start][written:]
    return total
