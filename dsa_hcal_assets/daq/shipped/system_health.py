"""Job type `system_health`: CPU, memory, disk, network and temperatures of this machine."""

from pathlib import Path

from dsa_hcal_assets.daq.jobs import Duration, Job, JobConfig
from dsa_hcal_assets.daq.shipped.measuring import machine_state


class SystemHealthConfig(JobConfig):
    """Keys of a system health job."""

    interval: Duration = 10.0
    """Time between two measurements."""
    topic: str = "system.health"
    """Topic of its messages."""
    paths: tuple[Path, ...] = (Path("/"),)
    """Directories whose file systems are watched."""


class SystemHealth(Job[SystemHealthConfig]):
    """Sends the state of the machine (see `measuring.machine_state`) at every step."""

    Config = SystemHealthConfig

    def setup(self) -> None:
        """Begin the interval of the CPU's share."""
        machine_state(self.config.paths)

    def step(self) -> None:
        """Measure and send."""
        self.send(self.config.topic, machine_state(self.config.paths))
