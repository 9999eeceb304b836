"""A producer that knows what it has sent, whatever happens to it."""

import os
from pathlib import Path

from dsa_hcal_assets.daq.jobs import Job, JobConfig


class CountingConfig(JobConfig):
    confirmed: Path
    """File that each sequence is appended to once `send` has returned it."""
    enough: Path
    """Nothing is sent any more once this file exists."""
    burst: int = 4
    """Messages of a step."""


class Counting(Job[CountingConfig]):
    """Sends rows whose number is the sequence they must get, and its own name."""

    Config = CountingConfig

    def setup(self) -> None:
        self._file = os.open(self.config.confirmed, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def step(self) -> None:
        if self.config.enough.exists():
            return
        for _ in range(self.config.burst):
            number = self._open_writer().last_sequence + 1
            sequence = self.send("rows", {"n": number, "who": self.config.id})
            os.write(self._file, f"{sequence}\n".encode())
