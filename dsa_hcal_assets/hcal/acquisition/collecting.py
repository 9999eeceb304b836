"""What has been read of one board so far, whatever the board: values, failures, status, summary."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Generic, TypeVar

from dsa_hcal_assets.errors import PlatformError, TransientError
from dsa_hcal_assets.hcal.acquisition.read_commands import ReadCommand
from dsa_hcal_assets.hcal.acquisition.replies import ValuesMissing
from dsa_hcal_assets.hcal.controllers.readings import Record, Status

_NAMED = 4  # failed readings a board's summary names; all are in its channels' errors

Q = TypeVar("Q", bound=ReadCommand)
R = TypeVar("R")


class BoardPartial(TransientError):
    """Some readings of a board failed; the others count."""


class Collecting(ABC, Generic[Q, R]):
    """Fills up while a board is read; gives its reading `R` at any point.

    Parameters
    ----------
    board
        Id of the board.
    requests
        What is to be read, in this order.
    """

    def __init__(self, board: str, requests: Sequence[Q]) -> None:
        self.requests = requests
        self._board = board
        self._sampled_at: datetime | None = None
        self._read: set[Q] = set()
        self._errors: dict[Q, PlatformError] = {}

    @abstractmethod
    def _parse(self, request: Q, reply: bytes) -> ValuesMissing | None:
        """Keep the values of a complete reply; return which of them are no numbers.

        Raises
        ------
        ReplyGarbled
            If the reply cannot be trusted; nothing of it is kept.
        """

    @abstractmethod
    def reading(self) -> R:
        """Return the board's reading as collected so far."""

    def mark_sampled(self, moment: datetime) -> None:
        """Record when the board was first asked."""
        if self._sampled_at is None:
            self._sampled_at = moment

    def take(self, request: Q, reply: bytes) -> None:
        """Parse a reply and keep its values.

        Raises
        ------
        ReplyGarbled
            If the reply cannot be trusted; nothing of it is kept. Single values a board calls
            ``nan`` are kept as such and noted without raising.
        """
        missing = self._parse(request, reply)
        if missing is not None:
            self._errors[request] = missing
        self._read.add(request)

    def fail(self, request: Q, error: PlatformError) -> None:
        """Record why a reading is missing."""
        self._errors[request] = error

    def fail_rest(self, error: PlatformError) -> None:
        """Record one reason for everything that has neither been read nor failed."""
        for request in self.requests:
            if request not in self._read:
                self._errors.setdefault(request, error)

    @property
    def _status(self) -> Status:
        if not self._errors:
            return "ok"
        return "partial" if self._read else "down"

    def _summary(self) -> Record | None:
        if not self._errors:
            return None
        if not self._read:
            return next(iter(self._errors.values())).as_record()
        named = [f"{request} ({type(error).__name__})" for request, error in self._errors.items()]
        more = [f"{len(named) - _NAMED} more"] if len(named) > _NAMED else []
        return BoardPartial(
            f"board {self._board}: {len(named)} of {len(self.requests)} readings failed",
            found=", ".join(named[:_NAMED] + more),
            kept="the other readings",
            remedy="see the errors of its channels; it is read again in the next cycle",
        ).as_record()
