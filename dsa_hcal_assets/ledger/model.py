"""Arrivals, their states, and the balance that must always hold."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from dsa_hcal_assets.errors import BadInput, PermanentError, TransientError


class State(StrEnum):
    """Where an accepted content stands. There is no fourth state and no way out of the ledger."""

    PENDING = "pending"
    LOADED = "loaded"
    QUARANTINED = "quarantined"


class Form(StrEnum):
    """What a content is on the disk: one regular file, or a directory with all below it."""

    FILE = "file"
    TREE = "tree"


class Outcome(StrEnum):
    """What accepting a file meant."""

    NEW = "new"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Arrival:
    """One accepted content.

    `path` is where its bytes lie; `subject` names the effect it has, and is empty, as `partition`
    is, while nobody could read it; `reason` is the error record of a quarantined one.
    """

    arrival_id: int
    source: str
    name: str
    path: Path
    subject: str
    partition: str
    digest: str
    bytes: int
    state: State
    sample_time: datetime | None
    received_at: datetime
    reason: dict[str, Any] | None


@dataclass(frozen=True)
class Accepted:
    """An arrival and what the delivered file was to the ledger."""

    arrival: Arrival
    outcome: Outcome


@dataclass(frozen=True)
class Balance:
    """Contents of one source by state: accepted = loaded + quarantined + pending.

    `duplicates` counts deliveries of a content that was known already.
    """

    accepted: int
    loaded: int
    quarantined: int
    pending: int
    duplicates: int = 0


@dataclass(frozen=True)
class Reconciled:
    """What `Ledger.reconcile` found and did.

    `settled`: moves that a crash had cut, now finished; `stuck`: ids of those that still cannot be,
    with the reason; `gone`: pending and quarantined arrivals whose bytes are nowhere.
    """

    settled: tuple[Arrival, ...] = ()
    stuck: tuple[tuple[int, str], ...] = ()
    gone: tuple[Arrival, ...] = ()


class NotAFile(BadInput):
    """Something else than a regular file lies under a name that data should have."""


class FileUnavailable(TransientError):
    """A file vanished, cannot be read or cannot be moved right now."""


class BadLabel(PermanentError):
    """A source, subject or partition that cannot be stored."""


class UnknownArrival(PermanentError):
    """There is no arrival with this id."""


class WrongState(PermanentError):
    """The arrival is not in the state the operation starts from."""
