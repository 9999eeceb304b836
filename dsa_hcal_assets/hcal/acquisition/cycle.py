"""One acquisition cycle: all boards at the same time, one snapshot."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from dsa_hcal_assets.errors import PermanentError, PlatformError
from dsa_hcal_assets.hcal.controllers.boards import Board
from dsa_hcal_assets.hcal.controllers.readings import BoardReading, Snapshot

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
_log = logging.getLogger(__name__)


class Polls(Protocol[R_co]):
    """What reads one device once a cycle (`Poller`, or the like of a device that talks otherwise)."""

    board: Board

    async def poll(self) -> R_co:
        """Read the device; never raises for what it or the network does."""

    def unread(self, error: PlatformError) -> R_co:
        """Return the reading of a cycle in which nothing was read, because of `error`."""

    def close(self) -> None:
        """Hang up."""


class PollerFailed(PermanentError):
    """A defect of the acquisition code itself, met while reading one board."""


async def poll_cycle(
    pollers: Sequence[Polls[BoardReading]],
    *,
    cycle: datetime,
    sequence: int,
    acquisition_id: str,
    run_number: int = -1,
) -> Snapshot:
    """Read all controllers in parallel and return what they said; see `poll_all`."""
    return Snapshot(cycle, sequence, acquisition_id, run_number, await poll_all(pollers))


async def poll_all(pollers: Sequence[Polls[R]]) -> tuple[R, ...]:
    """Read all boards in parallel.

    A board that is down, slow, hung or talks nonsense costs only its own channels. The cycle takes
    as long as the slowest board, at most the pollers' board deadline.
    """
    results = await asyncio.gather(*(poller.poll() for poller in pollers), return_exceptions=True)
    return tuple(_reading(poller, result) for poller, result in zip(pollers, results, strict=True))


def _reading(poller: Polls[R], result: R | BaseException) -> R:
    if not isinstance(result, BaseException):
        return result
    if not isinstance(result, Exception):
        raise result
    # not foreseen, so a defect: it must not cost the other boards, and must not pass unseen
    _log.error("reading board %s failed unexpectedly", poller.board.id, exc_info=result)
    poller.close()
    return poller.unread(
        PollerFailed(
            f"board {poller.board.id}: reading it failed unexpectedly",
            found=f"{type(result).__name__}: {result}",
            remedy="report it with the log",
        )
    )
