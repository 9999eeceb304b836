"""Polling all interface boards in one process: a connection a controller, all at the same time."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.poller import Poller
from dsa_hcal_assets.hcal.acquisition.polling import PolledBoards, Polling, polling
from dsa_hcal_assets.hcal.emcal.collected import CollectedBoards
from dsa_hcal_assets.hcal.emcal.controllers import Controller
from dsa_hcal_assets.hcal.emcal.protocol import require_read_only
from dsa_hcal_assets.hcal.emcal.readings import ControllerReading, EmcalSnapshot
from dsa_hcal_assets.hcal.emcal.snapshot import EMCAL


def emcal_boards(
    controllers: Sequence[Controller], deadlines: Deadlines
) -> PolledBoards[EmcalSnapshot, ControllerReading]:
    """Return what reads all interface boards behind `controllers`; no connection is made yet."""
    pollers = [_poller(controller, deadlines) for controller in controllers]
    return PolledBoards(pollers, EmcalSnapshot, EmcalSnapshot.boards)


def emcal_polling(
    controllers: Sequence[Controller], directory: Path, deadlines: Deadlines, unsaved_limit: int = 50
) -> AbstractAsyncContextManager[Polling[EmcalSnapshot]]:
    """Be the one that polls the interface boards into `directory`; see `acquisition.polling.polling`."""
    return polling(EMCAL, emcal_boards(controllers, deadlines), directory, unsaved_limit)


def _poller(controller: Controller, deadlines: Deadlines) -> Poller[ControllerReading]:
    return Poller(
        controller.address,
        deadlines,
        lambda: CollectedBoards(controller.id, controller.channels),
        require_read_only,
    )
