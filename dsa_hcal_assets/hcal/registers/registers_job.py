"""Job type `board_registers`: registers of boards polled as a job of the acquisition framework."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from dsa_hcal_assets.daq.jobs import Duration
from dsa_hcal_assets.hcal.acquisition.polling import Polling
from dsa_hcal_assets.hcal.acquisition.polling_job import PollingJob, PollingJobConfig
from dsa_hcal_assets.hcal.controllers.boards import read_boards
from dsa_hcal_assets.hcal.registers.polling import Group, register_polling
from dsa_hcal_assets.hcal.registers.readings import RegisterSnapshot
from dsa_hcal_assets.hcal.registers.snapshot import REGISTERS
from dsa_hcal_assets.hcal.registers.table import read_table


class GroupConfig(BaseModel):
    """Boards of one kind, `[[group]]`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    boards_file: Path
    """TOML list of boards (id, host, port)."""
    table_file: Path
    """TOML table of their registers."""


class BoardRegistersConfig(PollingJobConfig):
    """Keys of a job that polls registers."""

    interval: Duration = 60.0
    """Time between the starts of two cycles; each register says in which of them it is read."""
    group: list[GroupConfig] = Field(min_length=1)
    """A `[[group]]` for each kind of board."""


class BoardRegistersJob(PollingJob[BoardRegistersConfig, RegisterSnapshot]):
    """Reads the registers that are due at every step and writes one snapshot file; only reads."""

    Config = BoardRegistersConfig
    TOPIC = "registers.snapshot"
    source = REGISTERS

    def open(self) -> AbstractAsyncContextManager[Polling[RegisterSnapshot]]:
        """Read the lists of boards and the tables."""
        config = self.config
        groups = [Group(read_boards(one.boards_file), read_table(one.table_file)) for one in config.group]
        return register_polling(groups, config.directory, config.deadlines, config.unsaved_snapshots)
