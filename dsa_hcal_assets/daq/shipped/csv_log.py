"""A CSV file that grows by rows and is turned over at a size."""

import csv
import errno
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from dsa_hcal_assets.daq.durable_file import explain_os_error


class CsvLog:
    """Appends rows of equal columns.

    Parameters
    ----------
    file
        `stats.csv`; older ones are `stats.csv.1` (the newest of them), `stats.csv.2` ...
    size
        Turned over before it would grow beyond, bytes.
    kept
        Older files kept.
    """

    def __init__(self, file: Path, size: int, kept: int) -> None:
        self._file, self._size, self._kept = file, size, kept

    def append(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Append rows; a file whose columns are others (of an older version) is turned over first.

        Raises
        ------
        DiskFull, WriteFailed
            If the operating system refuses; these rows are lost, the file has whole ones.
        """
        if not rows:
            return
        header, body = _text([list(rows[0])]), _text([list(row.values()) for row in rows])
        try:
            if self._file.exists() and not self._takes(header, len(body)):
                self._turn_over()
            self._append(header, body)
        except OSError as error:
            raise explain_os_error(self._file, len(body), error) from error

    def _append(self, header: bytes, body: bytes) -> None:
        with self._file.open("ab", buffering=0) as log:
            before = log.tell()
            text = body if before else header + body
            if log.write(text) < len(text):
                log.truncate(before)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _takes(self, header: bytes, length: int) -> bool:
        with self._file.open("rb") as log:
            same = log.readline() == header
        return same and self._file.stat().st_size + length <= self._size

    def _turn_over(self) -> None:
        older = [self._file.with_name(f"{self._file.name}.{number}") for number in range(1, self._kept + 1)]
        for source, target in reversed(list(zip([self._file, *older], older, strict=False))):
            if source.exists():
                source.replace(target)
        self._file.unlink(missing_ok=True)


def _text(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
