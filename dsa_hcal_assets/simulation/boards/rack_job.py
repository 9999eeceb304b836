"""The simulated controllers as a job of the acquisition framework, for configurations to try out."""

from contextlib import ExitStack
from pathlib import Path

from pydantic import Field

from dsa_hcal_assets.daq.durable_file import make_directory
from dsa_hcal_assets.daq.jobs import Job, JobConfig, JobContext
from dsa_hcal_assets.hcal.controllers.boards import write_boards
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.boards.physics import BOARDS
from dsa_hcal_assets.simulation.boards.rack import Rack, rack_in_thread


class SimulatedBoardsConfig(JobConfig):
    """Keys of the simulated controllers."""

    boards_file: Path
    """Written once all boards listen: the list that `hcal_boards` reads."""
    seed: int = 0
    """Of the simulated detector."""
    port_base: int = Field(0, ge=0, le=65000)
    """TCP port of the first board, the others follow; 0: free ones, others after each start."""
    latency_ms: float = Field(20.0, ge=0)
    """How long a reply takes, ms."""


class SimulatedBoards(Job[SimulatedBoardsConfig]):
    """All 16 controllers, on local ports."""

    Config = SimulatedBoardsConfig

    def __init__(self, config: SimulatedBoardsConfig, context: JobContext) -> None:
        super().__init__(config, context)
        self._running = ExitStack()

    def setup(self) -> None:
        """Start the boards, and say where they listen."""
        config = self.config
        faults = dict.fromkeys(BOARDS, Faults(latency_ms=config.latency_ms))
        rack = Rack(config.seed, port_base=config.port_base, faults=faults)
        running = self._running.enter_context(rack_in_thread(rack))
        make_directory(config.boards_file.absolute().parent)
        write_boards(config.boards_file, running.boards)

    def teardown(self) -> None:
        """Stop the boards."""
        self._running.close()
