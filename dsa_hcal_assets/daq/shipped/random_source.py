"""Job type `random`: numbers from a known distribution, to try out a configuration."""

from typing import Literal

import numpy as np
from pydantic import Field

from dsa_hcal_assets.daq.jobs import Job, JobConfig


class RandomSourceConfig(JobConfig):
    """Keys of a random source."""

    topic: str = "random"
    """Topic of its messages."""
    channels: int = Field(1, ge=1, le=4096)
    """Values in each row, named `value_0`, `value_1` ..."""
    rows: int = Field(1, ge=1)
    """Rows in each message; more than one make an Arrow table."""
    mean: float = 0.0
    """Mean of the normal distribution, in whatever unit is pretended."""
    sigma: float = Field(1.0, ge=0)
    """Its standard deviation, same unit."""
    seed: int | None = None
    """Start of the generator; the same numbers at every start of the job. None: others each time."""
    format: Literal["auto", "json", "arrow"] = "auto"
    """`auto`: JSON for one row, Arrow for more."""


class RandomSource(Job[RandomSourceConfig]):
    """Sends a message of random numbers at every step."""

    Config = RandomSourceConfig

    def setup(self) -> None:
        """Start the generator."""
        self._numbers = np.random.default_rng(self.config.seed)
        self._names = [f"value_{channel}" for channel in range(self.config.channels)]

    def step(self) -> None:
        """Send one message."""
        config = self.config
        values = self._numbers.normal(config.mean, config.sigma, (config.channels, config.rows))
        columns = dict(zip(self._names, values, strict=True))
        if config.format == "arrow" or (config.format == "auto" and config.rows > 1):
            import pyarrow as pa

            self.send(config.topic, pa.RecordBatch.from_pydict(columns))
        elif config.rows == 1:
            self.send(config.topic, {name: float(column[0]) for name, column in columns.items()})
        else:
            self.send(config.topic, {name: column.tolist() for name, column in columns.items()})
