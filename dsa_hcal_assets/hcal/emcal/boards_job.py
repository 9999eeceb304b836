"""Job type `emcal_boards`: the interface boards polled as a job of the acquisition framework."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from dsa_hcal_assets.hcal.acquisition.polling import Polling
from dsa_hcal_assets.hcal.acquisition.polling_job import PollingJob, PollingJobConfig
from dsa_hcal_assets.hcal.emcal.controllers import read_controllers
from dsa_hcal_assets.hcal.emcal.polling import emcal_polling
from dsa_hcal_assets.hcal.emcal.readings import EmcalSnapshot
from dsa_hcal_assets.hcal.emcal.snapshot import EMCAL


class EmcalBoardsConfig(PollingJobConfig):
    """Keys of a job that polls the electromagnetic calorimeter."""

    controllers_file: Path
    """TOML list of controllers (id, host, port, channels)."""
    unsaved_snapshots: int = 50
    """Snapshots held in memory while they cannot be written, 0.4 MB each."""


class EmcalBoards(PollingJob[EmcalBoardsConfig, EmcalSnapshot]):
    """Reads all interface boards at every step and writes one snapshot file; only reads, sets nothing."""

    Config = EmcalBoardsConfig
    TOPIC = "emcal.snapshot"
    source = EMCAL

    def open(self) -> AbstractAsyncContextManager[Polling[EmcalSnapshot]]:
        """Read the list of controllers."""
        config = self.config
        controllers = read_controllers(config.controllers_file)
        return emcal_polling(controllers, config.directory, config.deadlines, config.unsaved_snapshots)
