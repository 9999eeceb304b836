"""Map files whose rows hold from a time to a time: reading them, and what is in force when.

A CSV file (``#`` starts a comment line) with the columns `valid_from` and `valid_to` and those of its
kind. Times are UTC days or ISO times, `valid_to` exclusive and empty while the row holds.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Protocol, TypeVar

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.errors import BadInput, ConfigurationError

FOREVER = datetime.max.replace(tzinfo=UTC)


class MapNotValid(BadInput):
    """The map says nothing about the time that was asked for."""


class Valid(Protocol):
    """A row or an epoch of a map: half-open interval [valid_from, valid_to)."""

    @property
    def valid_from(self) -> datetime:
        """Aware UTC begin."""

    @property
    def valid_to(self) -> datetime:
        """Aware UTC end, `FOREVER` while it holds."""


R = TypeVar("R")
V = TypeVar("V", bound=Valid)


@dataclass(frozen=True)
class MapFile:
    """A kind of map file.

    Parameters
    ----------
    kind
        What people call it.
    setting
        Environment name of the setting that names the file.
    columns
        Its header.
    error
        Raised for a file that cannot be used; names file and line.
    """

    kind: str
    setting: str
    columns: tuple[str, ...]
    error: type[ConfigurationError]

    def read(self, path: Path) -> str:
        """Return the text of the file; raises `error`."""
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise self.error(
                f"{self.kind} {path} cannot be read", found=str(error), remedy=f"check {self.setting}"
            ) from error

    def rows(self, text: str, path: str, row: Callable[[dict[str, str]], R]) -> Iterator[tuple[str, R]]:
        """Yield what `row` makes of each line, with the place that errors name; raises `error`.

        `row` says by KeyError, TypeError or ValueError what is wrong with a line.
        """
        numbered = [
            (number, line)
            for number, line in enumerate(text.splitlines(), start=1)
            if line.strip() and not line.startswith("#")
        ]
        reader = csv.DictReader(line for _, line in numbered)
        header = tuple(reader.fieldnames or ())
        if header != self.columns:
            raise self.error(
                f"{self.kind} {path}: wrong header", expected=",".join(self.columns), found=",".join(header)
            )
        for (number, _), record in zip(numbered[1:], reader, strict=True):
            place = f"{self.kind} {path}, line {number}"
            try:
                if None in record or None in record.values():
                    raise ValueError(f"{len(self.columns)} columns are required")
                made = row(record)
            except (KeyError, TypeError, ValueError) as error:
                raise self.error(f"{place}: {error}", found=str(record)) from error
            yield place, made

    def in_force(self, epochs: Sequence[V], moment: datetime) -> V:
        """Return the epoch in force at `moment` (aware).

        Raises
        ------
        MapNotValid
            If the map begins later or has ended.
        """
        moment = require_utc(moment)
        for epoch in epochs:
            if epoch.valid_from <= moment < epoch.valid_to:
                return epoch
        first, last = epochs[0].valid_from, epochs[-1].valid_to
        raise MapNotValid(
            f"no {self.kind} for {moment.isoformat()}",
            expected=f"a time from {first.isoformat()} on"
            + ("" if last == FOREVER else f" to {last.isoformat()}"),
            found=moment.isoformat(),
            remedy=f"extend the validity in the {self.kind} file, then release the snapshot",
        )


def period(record: dict[str, str]) -> tuple[datetime, datetime]:
    """Return `valid_from` and `valid_to` of a line, aware UTC; raises ValueError."""
    valid_from = _moment(record["valid_from"])
    valid_to = _moment(record["valid_to"]) if record["valid_to"] else FOREVER
    if valid_from >= valid_to:
        raise ValueError("valid_from must be before valid_to")
    return valid_from, valid_to


def epochs(rows: Sequence[V]) -> Iterator[tuple[datetime, datetime, list[V]]]:
    """Yield the times between two changes in order, each with the rows in force."""
    edges = sorted({edge for row in rows for edge in (row.valid_from, row.valid_to)})
    for start, end in pairwise(edges):
        yield start, end, [row for row in rows if row.valid_from <= start and end <= row.valid_to]


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return require_utc(moment) if moment.tzinfo else moment.replace(tzinfo=UTC)
