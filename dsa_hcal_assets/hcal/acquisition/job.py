"""The acquisition on its own, as `dsa-hcal acquire` runs it: no supervisor, no broker.

It needs neither database nor Dagster: while everything downstream is down it goes on, and what it
wrote is found later. Killed at any moment it leaves only complete files; started again it goes on
with a new acquisition id.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from dsa_hcal_assets.daq.cadence import slots
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.hcal.acquisition.board_polling import Cadence, board_polling
from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.polling import LONGEST_RETRY, Polling
from dsa_hcal_assets.hcal.acquisition.run_number import UNKNOWN, read_run_number
from dsa_hcal_assets.hcal.controllers.boards import Board, read_boards
from dsa_hcal_assets.hcal.snapshots.source import S
from dsa_hcal_assets.settings import Settings

_log = logging.getLogger(__name__)
STOP_SECONDS = 5.0  # a cycle or a write may go on for this long after a stop was asked for


@dataclass(frozen=True)
class Summary:
    """What an acquisition did until it stopped."""

    cycles: int
    written: int
    skipped: int
    given_up: int


def run(settings: Settings, *, cycles: int | None = None) -> Summary:
    """Acquire into ``<incoming>/hcal`` until SIGTERM or SIGINT, or for `cycles` cycles.

    Raises
    ------
    ConfigurationError
        If no boards file is configured or it is wrong.
    SecondWriter
        If another acquisition writes into the same directory.
    PlatformError
        The last reason why snapshots could not be written, if some are still unwritten at the end.
    """
    if settings.hcal.boards_file is None:
        raise ConfigurationError(
            "no boards are configured",
            remedy="set DSA_HCAL_HCAL__BOARDS_FILE (`dsa-hcal simulate boards` writes one to try)",
        )
    boards = read_boards(settings.hcal.boards_file)
    run_number_file = settings.hcal.run_number_file
    return asyncio.run(
        acquire(
            boards,
            settings.incoming / "hcal",
            period=settings.hcal.poll_seconds,
            deadlines=Deadlines.of(settings.hcal),
            unsaved_limit=settings.hcal.unsaved_snapshots,
            cadence=Cadence.of(settings.hcal),
            cycles=cycles,
            run_number=lambda: UNKNOWN if run_number_file is None else read_run_number(run_number_file),
        )
    )


async def acquire(
    boards: Sequence[Board],
    directory: Path,
    *,
    period: float,
    deadlines: Deadlines,
    unsaved_limit: int = 500,
    cadence: Cadence | None = None,
    cycles: int | None = None,
    run_number: Callable[[], int] = lambda: UNKNOWN,
    stop: asyncio.Event | None = None,
) -> Summary:
    """Poll `boards` every `period` seconds into `directory` until `stop` is set; see `run`."""
    opening = board_polling(boards, directory, deadlines, unsaved_limit, min(period, LONGEST_RETRY), cadence)
    return await take_cycles(opening, period=period, cycles=cycles, run_number=run_number, stop=stop)


async def take_cycles(
    opening: AbstractAsyncContextManager[Polling[S]],
    *,
    period: float,
    cycles: int | None = None,
    run_number: Callable[[], int] = lambda: UNKNOWN,
    stop: asyncio.Event | None = None,
) -> Summary:
    """Take a snapshot of any source every `period` seconds; see `acquire`."""
    stop = asyncio.Event() if stop is None else stop
    _stop_on_signals(stop)
    skipped = 0
    async with opening as polling:
        _log.info("acquisition %s every %g s", polling.acquisition_id, period)
        async for slot in slots(period, stop):
            if slot.skipped:
                skipped += slot.skipped
                _log.warning("%d cycles skipped: the one before took longer than %g s", slot.skipped, period)
            if await _unless_stopped(polling.cycle(run_number()), stop) is None or polling.taken == cycles:
                break
        await polling.finish(STOP_SECONDS)
        return Summary(polling.taken, polling.written, skipped, polling.given_up)


async def _unless_stopped(one: Coroutine[None, None, S], stop: asyncio.Event) -> S | None:
    """Return the cycle's snapshot; None when a stop was asked for and the cycle did not end soon."""
    polling = asyncio.ensure_future(one)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({polling, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not polling.done():
            await asyncio.wait({polling}, timeout=STOP_SECONDS)
        return polling.result() if polling.done() else None
    finally:
        stopping.cancel()
        polling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await polling


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        # outside the main thread (a test, a notebook) and on Windows there are no handlers to set
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, stop.set)
