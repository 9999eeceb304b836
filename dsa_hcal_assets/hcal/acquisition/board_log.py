"""Log lines about boards: when one's status changes, not every cycle."""

import logging

from dsa_hcal_assets.hcal.controllers.readings import Snapshot, Status

_log = logging.getLogger(__name__)


class BoardLog:
    """Remembers each board's last status."""

    def __init__(self) -> None:
        self._last: dict[str, Status] = {}

    def compare(self, snapshot: Snapshot) -> None:
        """Log every board whose status differs from the last snapshot's."""
        for board in snapshot.boards:
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
