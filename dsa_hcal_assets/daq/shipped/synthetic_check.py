"""Job type `synthetic_check`: reads the blocks of synthetic loads and proves that they are what was sent."""

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from dsa_hcal_assets.daq.jobs import JobConfig, ReadingJob
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.shipped.synthetic_load import noise, number_of
from dsa_hcal_assets.errors import BadInput


class SyntheticCheckConfig(JobConfig):
    """Keys of a synthetic check; its `[[input]]` says which loads it reads."""

    count: int | None = Field(None, ge=1)
    """The job ends in order after so many blocks; None: never."""


class WrongBlock(BadInput):
    """A block of a synthetic load is not the one that was sent."""


class SyntheticCheck(ReadingJob[SyntheticCheckConfig]):
    """Reads every byte and compares it; a wrong one ends the job with an error that says which."""

    Config = SyntheticCheckConfig

    def setup(self) -> None:
        """Forget everything."""
        self._noise = np.empty(0, np.uint8)
        self._expected: dict[tuple[str, int], int] = {}
        self._checked = 0

    def receive_kept(self, messages: Sequence[Message]) -> None:
        """Check blocks."""
        for message in messages:
            self._check(message)
        if self.config.count is not None and self._checked >= self.config.count:
            self.finish()

    def _check(self, message: Message) -> None:
        block = np.frombuffer(message.payload, np.uint8)
        if block.size != self._noise.size:
            self._noise = noise(block.size)
        stream = (message.producer, message.epoch)
        number = number_of(block)
        expected = self._expected.get(stream, number)
        if number != expected or not np.array_equal(block[8:], self._noise[8:]):
            raise WrongBlock(
                f"message {message.sequence} of {message.producer} is not what was sent",
                expected=f"block {expected}, whole",
                found=f"block {number}" + ("" if number != expected else " with other bytes"),
            )
        self._expected[stream] = number + 1
        self._checked += 1
