"""The controllers polled into a directory: which of their quantities are asked for in which cycle."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dsa_hcal_assets.hcal.acquisition.board_log import BoardState
from dsa_hcal_assets.hcal.acquisition.cycle import poll_cycle
from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.poller import BoardPoller
from dsa_hcal_assets.hcal.acquisition.polling import LONGEST_RETRY, Polling, polling
from dsa_hcal_assets.hcal.controllers.boards import Board
from dsa_hcal_assets.hcal.controllers.protocol import EVERY_CYCLE, Reading
from dsa_hcal_assets.hcal.controllers.readings import Snapshot
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.settings.hcal import HcalSettings


@dataclass(frozen=True)
class Cadence:
    """How often what does not belong to every cycle is asked for: each so many cycles; 0: never."""

    led_intensities: int = 6
    pin_diodes: int = 6
    dac: int = 0

    @classmethod
    def of(cls, settings: HcalSettings) -> "Cadence":
        """Return the cadence of the settings."""
        return cls(settings.led_cycles, settings.pin_diode_cycles, settings.dac_cycles)

    def readings(self, sequence: int) -> tuple[Reading, ...]:
        """Return what the `sequence`-th cycle since the start asks for; the first one asks for everything."""
        now_and_then = {
            Reading.LED_INTENSITIES: self.led_intensities,
            Reading.PIN_DIODES: self.pin_diodes,
            Reading.DAC: self.dac,
        }
        due = (reading for reading, cycles in now_and_then.items() if cycles and sequence % cycles == 0)
        return (*EVERY_CYCLE, *due)


@dataclass(frozen=True)
class PolledControllers:
    """Controllers of the hadronic calorimeter with a poller each (`polling.Polled`)."""

    pollers: Sequence[BoardPoller]
    cadence: Cadence

    async def take(self, cycle: datetime, sequence: int, acquisition_id: str, run_number: int) -> Snapshot:
        """Read what is due of all controllers, in parallel."""
        readings = self.cadence.readings(sequence)
        for poller in self.pollers:
            poller.readings = readings
        return await poll_cycle(
            self.pollers, cycle=cycle, sequence=sequence, acquisition_id=acquisition_id, run_number=run_number
        )

    def boards(self, snapshot: Snapshot) -> Iterable[BoardState]:
        """Return what the snapshot says of each controller."""
        return snapshot.boards

    def close(self) -> None:
        """Drop all connections."""
        for poller in self.pollers:
            poller.close()


def board_polling(
    boards: Sequence[Board],
    directory: Path,
    deadlines: Deadlines,
    unsaved_limit: int = 500,
    retry_seconds: float = LONGEST_RETRY,
    cadence: Cadence | None = None,
) -> AbstractAsyncContextManager[Polling[Snapshot]]:
    """Be the one that polls the controllers `boards` into `directory`; see `polling`."""
    pollers = [BoardPoller(board, deadlines) for board in boards]
    polled = PolledControllers(pollers, Cadence() if cadence is None else cadence)
    return polling(CONTROLLERS, polled, directory, unsaved_limit, retry_seconds)
