"""Job type `rig_log`: the rows of the rig's logger become files in the incoming directory."""

from pathlib import Path

from dsa_hcal_assets.daq.identity import safe_name
from dsa_hcal_assets.daq.jobs import Duration, Job, JobConfig
from dsa_hcal_assets.rig.log_follower import LogFollower

ROWS_TOPIC = "rig.rows"


class RigLogConfig(JobConfig):
    """Keys of a job that follows the log of the rig."""

    interval: Duration = 30.0
    """Time between two looks."""
    log_file: Path
    """CSV that the rig's logger appends to: timestamp, temperature, pressure, uptime."""
    directory: Path
    """Where files go: the platform's incoming/rig."""


class RigLog(Job[RigLogConfig]):
    """Delivers new rows as durable files at every step; the broker carries live copies of them."""

    Config = RigLogConfig
    _follower: LogFollower

    def setup(self) -> None:
        """Find out how far the log has been delivered."""
        note = self.context.run_dir / "rig_logs" / f"{safe_name(self.config.id)}.json"
        note.parent.mkdir(parents=True, exist_ok=True)
        self._follower = LogFollower(self.config.log_file, self.config.directory, note)

    def step(self) -> None:
        """Deliver everything that is complete."""
        while (delivered := self._follower.deliver()) is not None:
            self.log.info("delivered %s", delivered.path.name)
            self.publish(ROWS_TOPIC, delivered.content, file=delivered.path.name)
