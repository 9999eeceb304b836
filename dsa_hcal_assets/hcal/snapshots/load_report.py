"""What became of each snapshot of a load: plain records for logs, checks and the command line."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Result(StrEnum):
    """Outcome of loading one snapshot."""

    LOADED = "loaded"
    REPLACED = "replaced"  # was in the database already, its rows were made anew from the file
    ALREADY = "already loaded"  # somebody else loaded it while this load ran
    QUARANTINED = "quarantined"  # cannot be used; bytes and reason are kept
    KEPT = "kept as loaded"  # its file can no longer be used, its rows in the database stay
    UNAVAILABLE = "unavailable"  # its file cannot be opened now; it stays pending


@dataclass(frozen=True)
class SnapshotOutcome:
    """What became of one snapshot.

    Parameters
    ----------
    rows
        Rows of readings in the database from it, whatever their values.
    rejected_boards
        Boards in the file whose data were not loaded because nobody knows them.
    error
        Why it was not loaded, as a flat record.
    """

    name: str
    arrival_id: int
    subject: str
    result: Result
    cycle: datetime | None = None
    rows: int = 0
    rejected_boards: tuple[str, ...] = ()
    error: Mapping[str, str | bool | None] | None = None


@dataclass(frozen=True)
class LoadReport:
    """What one load of a day did, snapshot by snapshot in order of time."""

    day: str
    outcomes: tuple[SnapshotOutcome, ...]
    seconds: float

    @property
    def rows(self) -> int:
        """Rows of readings written."""
        return sum(outcome.rows for outcome in self.outcomes)

    @property
    def rejected_boards(self) -> tuple[str, ...]:
        """Boards of which at least one snapshot's data were not loaded."""
        return tuple(sorted({board for outcome in self.outcomes for board in outcome.rejected_boards}))

    def count(self, result: Result) -> int:
        """Return how many snapshots ended that way."""
        return Counter(outcome.result for outcome in self.outcomes)[result]

    def summary(self) -> str:
        """Return one line for people."""
        counts = Counter(outcome.result for outcome in self.outcomes)
        what = (
            ", ".join(f"{counts[result]} {result}" for result in Result if counts[result])
            or "nothing pending"
        )
        return f"{self.day}: {what}; {self.rows} rows in {self.seconds:.2f} s"
