"""The acquisition as a program whose clock the campaign sets: one cycle for each time it is told.

``python -m dsa_hcal_assets_tests.hcal.campaign.acquisition BOARDS DIRECTORY`` reads a time a line and
answers ``written`` when that cycle's snapshot is on disk. Everything but the clock is the product's.
"""

import asyncio
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from dsa_hcal_assets.hcal.acquisition.board_log import BoardState
from dsa_hcal_assets.hcal.acquisition.board_polling import Cadence, PolledControllers
from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.poller import BoardPoller
from dsa_hcal_assets.hcal.acquisition.polling import polling
from dsa_hcal_assets.hcal.controllers.boards import read_boards
from dsa_hcal_assets.hcal.controllers.readings import Snapshot
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS

READY, WRITTEN = "ready", "written"
# no board is slow here: nothing may time out because this machine is
DEADLINES = Deadlines(connect=10, reply=20, board=120, quiet=0.03, backoff=0.01)


class InSimulatedTime:
    """Controllers that are polled at the times the campaign says (`polling.Polled`)."""

    def __init__(self, boards_file: Path) -> None:
        self.moment = datetime.min.replace(tzinfo=UTC)
        pollers = [
            BoardPoller(board, DEADLINES, now=lambda: self.moment) for board in read_boards(boards_file)
        ]
        self._controllers = PolledControllers(pollers, Cadence())

    async def take(self, _: datetime, sequence: int, acquisition_id: str, run_number: int) -> Snapshot:
        """Take the snapshot of the simulated moment."""
        return await self._controllers.take(self.moment, sequence, acquisition_id, run_number)

    def boards(self, snapshot: Snapshot) -> Iterable[BoardState]:
        """Return what the snapshot says of each controller."""
        return self._controllers.boards(snapshot)

    def close(self) -> None:
        """Hang up."""
        self._controllers.close()


async def acquire(boards_file: Path, directory: Path) -> None:
    """Take a snapshot for every line of standard input."""
    polled = InSimulatedTime(boards_file)
    async with polling(CONTROLLERS, polled, directory) as running:
        _say(READY)
        while line := await asyncio.to_thread(sys.stdin.readline):
            polled.moment = datetime.fromisoformat(line.strip())
            await running.cycle(-1)
            await running.finish(60)
            assert running.written == running.taken
            _say(WRITTEN)


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(acquire(Path(sys.argv[1]), Path(sys.argv[2])))
