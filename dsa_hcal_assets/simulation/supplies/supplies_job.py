"""The simulated supplies as a job of the acquisition framework, for configurations to try out."""

from contextlib import ExitStack
from pathlib import Path

from pydantic import Field

from dsa_hcal_assets.daq.durable_file import make_directory
from dsa_hcal_assets.daq.jobs import Job, JobConfig, JobContext
from dsa_hcal_assets.hcal.supplies.units import write_units
from dsa_hcal_assets.simulation.supplies.bench import SimulatedSupplies, supplies_in_thread


class SimulatedSuppliesConfig(JobConfig):
    """Keys of the simulated supplies."""

    supplies_file: Path
    """Written once all listen: the list that `hcal_supplies` reads."""
    seed: int = 0
    """Of the simulated detector."""
    port_base: int = Field(0, ge=0, le=65000)
    """Port of the first one, the others follow; 0: free ones, others after each start."""


class SimulatedSuppliesJob(Job[SimulatedSuppliesConfig]):
    """A bias crate, the low-voltage crate and a meter, on local ports."""

    Config = SimulatedSuppliesConfig

    def __init__(self, config: SimulatedSuppliesConfig, context: JobContext) -> None:
        super().__init__(config, context)
        self._running = ExitStack()

    def setup(self) -> None:
        """Start them, and say where they listen."""
        supplies = SimulatedSupplies(self.config.seed, port_base=self.config.port_base)
        self._running.enter_context(supplies_in_thread(supplies))
        make_directory(self.config.supplies_file.absolute().parent)
        write_units(self.config.supplies_file, supplies.units)

    def teardown(self) -> None:
        """Stop them."""
        self._running.close()
