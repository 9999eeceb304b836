"""Job type `hcal_boards`: the acquisition as a job of the acquisition framework.

What it promises is what `dsa-hcal acquire` promises.
"""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from dsa_hcal_assets.hcal.acquisition.polling import Polling, board_polling
from dsa_hcal_assets.hcal.acquisition.polling_job import PollingJob, PollingJobConfig
from dsa_hcal_assets.hcal.controllers.boards import read_boards
from dsa_hcal_assets.hcal.controllers.readings import Snapshot
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS

SNAPSHOT_TOPIC = "hcal.snapshot"


class HcalBoardsConfig(PollingJobConfig):
    """Keys of a job that polls calorimeter controllers."""

    boards_file: Path
    """TOML list of boards (id, host, port)."""


class HcalBoards(PollingJob[HcalBoardsConfig, Snapshot]):
    """Reads all boards at every step and writes one snapshot file; only reads, sets nothing."""

    Config = HcalBoardsConfig
    TOPIC = SNAPSHOT_TOPIC
    source = CONTROLLERS

    def open(self) -> AbstractAsyncContextManager[Polling[Snapshot]]:
        """Read the list of boards."""
        config = self.config
        boards = read_boards(config.boards_file)
        return board_polling(boards, config.directory, config.deadlines, config.unsaved_snapshots)
