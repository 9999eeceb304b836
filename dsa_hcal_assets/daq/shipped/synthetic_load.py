"""Job type `synthetic_load`: blocks of any size at any rate, to find out what an installation can carry."""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from pydantic import ByteSize, Field

from dsa_hcal_assets.daq.jobs import Duration, Job, JobConfig

Bytes = NDArray[np.uint8]


class SyntheticLoadConfig(JobConfig):
    """Keys of a synthetic load."""

    interval: Duration = 0.01
    """Time between two bursts."""
    topic: str = "load"
    """Topic of its messages."""
    size: ByteSize = Field(ByteSize(1_000_000), ge=8)
    """Payload of each message, bytes."""
    rate: float = Field(10.0, gt=0)
    """Messages per second."""
    count: int | None = Field(None, ge=1)
    """The job ends in order after so many messages; None: never."""
    loan: bool = False
    """Write into the stream's own memory, as a digitizer would, in place of sending an array."""


class SyntheticLoad(Job[SyntheticLoadConfig]):
    """Sends blocks of the same noise, each with its number, from 0, as int64 at its beginning.

    When it cannot keep up it sends as fast as it can; a second that was missed is not made up for.
    """

    Config = SyntheticLoadConfig
    clock: Callable[[], float] = staticmethod(time.monotonic)

    def setup(self) -> None:
        """Make the noise."""
        self._block = noise(self.config.size)
        self._number = 0
        self._due = 0.0
        self._asked = self.clock()

    def step(self) -> None:
        """Send as many blocks as are due."""
        now = self.clock()
        rate = self.config.rate
        self._due = min(self._due + (now - self._asked) * rate, max(1.0, rate))
        self._asked = now
        while self._due >= 1 and not self.stopping.is_set():
            self._send_block()
            self._due -= 1
            if self._number == self.config.count:
                self.finish()

    def _send_block(self) -> None:
        self._block[:8] = np.array([self._number], "<i8").view(np.uint8)
        if self.config.loan:
            with self.loan(self.config.topic, self._block.nbytes) as place:
                place[:] = self._block.data
        else:
            self.send(self.config.topic, self._block)
        self._number += 1


def noise(length: int) -> Bytes:
    """Return the noise of every block of `length` bytes."""
    return np.random.default_rng(length).integers(0, 256, length, dtype=np.uint8)


def number_of(block: Bytes) -> int:
    """Return the number a block begins with."""
    return int(block[:8].view("<i8")[0])
