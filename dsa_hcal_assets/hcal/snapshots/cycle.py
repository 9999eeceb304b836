"""What every source's snapshot has in common, and its header in a snapshot file.

A source's snapshot is a frozen dataclass derived from `AcquisitionCycle` with the readings of its
devices as further fields.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dsa_hcal_assets.clock import require_utc

LARGEST_RUN = 2**31 - 1  # a 32-bit integer in the database


@dataclass(frozen=True, eq=False)
class AcquisitionCycle:
    """One acquisition cycle.

    Parameters
    ----------
    cycle
        Aware UTC start of the cycle: the snapshot's identity.
    sequence
        Counts the snapshots of one acquisition process from 0; a gap means a snapshot was lost.
    acquisition_id
        Identifies the acquisition process that took it.
    run_number
        Number of the data-taking run, -1 where unknown.
    """

    cycle: datetime
    sequence: int
    acquisition_id: str
    run_number: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "cycle", require_utc(self.cycle))
        if not -1 <= self.run_number <= LARGEST_RUN:
            raise ValueError(f"run number {self.run_number}: -1 (unknown) to {LARGEST_RUN}")
        if not 0 <= self.sequence < 2**63:
            raise ValueError(f"sequence {self.sequence}: 0 to 2**63 - 1")

    def header(self, boards: Sequence[str]) -> dict[str, Any]:
        """Return the header of its file, as JSON values; `boards` names the blocks."""
        return {
            "cycle": self.cycle.isoformat(),
            "sequence": self.sequence,
            "acquisition_id": self.acquisition_id,
            "run_number": self.run_number,
            "boards": list(boards),
        }


def require_each_once(what: str, names: Sequence[str]) -> None:
    """Refuse a snapshot in which a device occurs twice.

    Raises
    ------
    ValueError
        If it does; `what` the devices are is named.
    """
    if len(names) != len(set(names)):
        raise ValueError(f"{what} {list(names)}: each id once")


def cycle_fields(header: dict[str, Any], boards: Sequence[str]) -> dict[str, Any]:
    """Return the fields of an `AcquisitionCycle` from the header of a file whose blocks are `boards`.

    Raises
    ------
    KeyError, TypeError, ValueError
        If something is missing or of another type, or the header announces other blocks.
    """
    if list(boards) != header["boards"]:
        raise ValueError("the blocks are not those the header announces")
    return {
        "cycle": moment(header["cycle"]),
        "sequence": integer(header["sequence"]),
        "acquisition_id": text(header["acquisition_id"]),
        "run_number": integer(header["run_number"]),
    }


def integer(value: object) -> int:
    """Return `value` if it is an integer."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} is no integer")
    return value


def text(value: object) -> str:
    """Return `value` if it is text."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def moment(value: object) -> datetime:
    """Return the time that `value` gives in ISO form."""
    return require_utc(datetime.fromisoformat(text(value)))


def error_record(value: object) -> dict[str, str | bool | None]:
    """Return `value` if it is an error as a flat record (`PlatformError.as_record`)."""
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is no error record")
    for name, entry in value.items():
        if entry is not None and not isinstance(entry, str | bool):
            raise TypeError(f"{name}: {entry!r} in an error record")
    return value
