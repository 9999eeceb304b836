"""Log lines about boards: when one's status changes, not every cycle."""

import logging
from collections.abc import Iterable
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


class BoardLog:
    """Remembers each board's last status."""

    def __init__(self) -> None:
        self._last: dict[str, Status] = {}

    def compare(self, boards: Iterable[BoardState]) -> None:
        """Log every board whose status differs from the last snapshot's."""
        for board in boards:
            before = self._last.get(board.board, "ok")
            self._last[board.board] = board.status
            if board.status == before:
                continue
            if board.status == "ok":
                _log.info("board %s is read completely again", board.board)
            else:
                record = board.error or {}
                _log.warning(
                    "board %s is %s: %s: %s; found: %s",
                    board.board,
                    board.status,
                    record.get("error"),
                    record.get("what"),
                    record.get("found"),
                )
