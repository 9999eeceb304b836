"""How the boards are: remembered from cycle to cycle, logged when it changes."""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from dsa_hcal_assets.hcal.controllers.readings import Record, Status

_log = logging.getLogger(__name__)


class BoardState(Protocol):
    """What a reading says of its board."""

    @property
    def board(self) -> str:
        """Its id."""

    @property
    def status(self) -> Status:
        """How much of it was read."""

    @property
    def error(self) -> Record | None:
        """Why not all of it."""


@dataclass(frozen=True)
class BoardHealth:
    """How a board is, and for how long it has been so.

    Parameters
    ----------
    since
        Start of the first cycle of this status in a row, aware UTC.
    cycles
        How many cycles these are.
    reason
        What the last one said about it; empty when everything was read.
    """

    board: str
    status: Status
    since: datetime
    cycles: int
    reason: str


class BoardLog:
    """Remembers each board's health."""

    def __init__(self) -> None:
        self._health: dict[str, BoardHealth] = {}

    def compare(self, cycle: datetime, boards: Iterable[BoardState]) -> None:
        """Take in what a cycle says of its boards; log each whose status differs from the last cycle's."""
        for board in boards:
            before = self._health.get(board.board)
            reason = "" if board.error is None else str(board.error.get("what"))
            if before is not None and before.status == board.status:
                self._health[board.board] = replace(before, cycles=before.cycles + 1, reason=reason)
                continue
            self._health[board.board] = BoardHealth(board.board, board.status, cycle, 1, reason)
            if before is not None or board.status != "ok":
                _log_change(board)

    @property
    def counts(self) -> dict[str, int]:
        """Number of boards by status in the last cycle."""
        return dict(Counter(one.status for one in self._health.values()))

    @property
    def unhealthy(self) -> tuple[BoardHealth, ...]:
        """The boards that were not read completely in the last cycle."""
        return tuple(one for one in self._health.values() if one.status != "ok")


def _log_change(board: BoardState) -> None:
    if board.status == "ok":
        _log.info("board %s is read completely again", board.board)
        return
    record = board.error or {}
    _log.warning(
        "board %s is %s: %s: %s; found: %s",
        board.board,
        board.status,
        record.get("error"),
        record.get("what"),
        record.get("found"),
    )
