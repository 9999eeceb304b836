"""Job type `hcal_boards`: the acquisition as a job of the acquisition framework.

What it promises is what `dsa-hcal acquire` promises.
"""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from pydantic import Field

from dsa_hcal_assets.hcal.acquisition.board_polling import Cadence, board_polling
from dsa_hcal_assets.hcal.acquisition.polling import Polling
from dsa_hcal_assets.hcal.acquisition.polling_job import PollingJob, PollingJobConfig
from dsa_hcal_assets.hcal.controllers.boards import read_boards
from dsa_hcal_assets.hcal.controllers.readings import Snapshot
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS

SNAPSHOT_TOPIC = "hcal.snapshot"


class HcalBoardsConfig(PollingJobConfig):
    """Keys of a job that polls calorimeter controllers."""

    boards_file: Path
    """TOML list of boards (id, host, port)."""
    led_cycles: int = Field(6, ge=0)
    """LED intensities are read every so many cycles; 0: never."""
    pin_diode_cycles: int = Field(6, ge=0)
    """PIN diodes are read every so many cycles; 0: never."""
    dac_cycles: int = Field(0, ge=0)
    """DAC settings are read every so many cycles; 0: never."""


class HcalBoards(PollingJob[HcalBoardsConfig, Snapshot]):
    """Reads all boards at every step and writes one snapshot file; only reads, sets nothing."""

    Config = HcalBoardsConfig
    TOPIC = SNAPSHOT_TOPIC
    source = CONTROLLERS

    def open(self) -> AbstractAsyncContextManager[Polling[Snapshot]]:
        """Read the list of boards."""
        config = self.config
        boards = read_boards(config.boards_file)
        cadence = Cadence(config.led_cycles, config.pin_diode_cycles, config.dac_cycles)
        return board_polling(
            boards, config.directory, config.deadlines, config.unsaved_snapshots, cadence=cadence
        )
