"""A CSV file that grows by rows and is turned over at a size."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path


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
        """Append rows; a file whose columns are others (of an older version) is turned over first."""
        if not rows:
            return
        header, body = _text([list(rows[0])]), _text([list(row.values()) for row in rows])
        if self._file.exists() and not self._takes(header, len(body.encode())):
            self._turn_over()
        with self._file.open("a", encoding="utf-8", newline="") as log:
            if log.tell() == 0:
                log.write(header)
            log.write(body)

    def _takes(self, header: str, length: int) -> bool:
        with self._file.open(encoding="utf-8", newline="") as log:
            same = log.readline() == header
        return same and self._file.stat().st_size + length <= self._size

    def _turn_over(self) -> None:
        older = [self._file.with_name(f"{self._file.name}.{number}") for number in range(1, self._kept + 1)]
        for source, target in reversed(list(zip([self._file, *older], older, strict=False))):
            if source.exists():
                source.replace(target)
        self._file.unlink(missing_ok=True)


def _text(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
