"""Names of the files of one store, and of what lies beside them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dsa_hcal_assets.clock import day_key
from dsa_hcal_assets.daq.messages.message import Message

_FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_NS = 86_400_000_000_000


def day_of(message: Message) -> int:
    """Return the UTC day of a message, counted from 1970-01-01."""
    return message.time_ns // _DAY_NS


@dataclass(frozen=True, slots=True)
class FileNames:
    """`temps_2026-11-21+1.csv`: stem, UTC day if wanted, number from the second file on, suffix.

    The `+` is in no name made of an id (`daq.identity`): a store of `a` never meets one of `a.1`.

    Attributes
    ----------
    path
        The name as configured; the suffix is added if it lacks it.
    suffix
        `.csv`, `.csv.zst` ...
    add_date
        Whether names have the day.
    """

    path: Path
    suffix: str
    add_date: bool

    def file(self, day: int, number: int) -> Path:
        """Return the name of file `number` (0, 1, ...) of `day` (counted from 1970-01-01)."""
        date = "_" + day_key(_FIRST_DAY + timedelta(days=day)) if self.add_date else ""
        return self.path.with_name(f"{self._stem}{date}{f'+{number}' if number else ''}{self.suffix}")

    def journal(self, day: int, number: int) -> Path:
        """Return where the rows of a file that is not whole yet are kept, an Arrow IPC stream."""
        file = self.file(day, number)
        return file.with_name(f"{file.name}.open.arrows")

    def part(self, day: int, number: int) -> Path:
        """Return the name a file has until it is whole."""
        file = self.file(day, number)
        return file.with_name(f"{file.name.removesuffix(self.suffix)}.open{self.suffix}")

    @property
    def record(self) -> Path:
        """Where the store's progress is kept."""
        return self.path.with_name(f".{self._stem}{self.suffix}.progress")

    @property
    def lock(self) -> str:
        """Name of the lock file that keeps a second writer away."""
        return f".{self._stem}{self.suffix}.lock"

    @property
    def _stem(self) -> str:
        name = self.path.name
        for ending in (self.suffix, Path(self.suffix).stem):
            if name.endswith(ending) and name != ending:
                return name.removesuffix(ending)
        return name
