"""A digitizer without a board: pulses that can be computed from a block's number."""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.daq.shipped.digitizer_driver import Block, BlockForm

_DECAY_SAMPLES = 20.0


class SimulatedDigitizer:
    """Triggers at a fixed rate, and holds as many blocks as its memory has room for.

    Parameters
    ----------
    channels, samples
        Shape of a block.
    rate_hz
        Triggers per second.
    sample_rate_hz
        Said with each block.
    memory_blocks
        Blocks the pretended board holds; more than that are lost and counted.
    seed
        Of the noise.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        channels: int = 16,
        samples: int = 1024,
        rate_hz: float = 100.0,
        sample_rate_hz: float = 125e6,
        memory_blocks: int = 64,
        seed: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shape = (channels, samples)
        self._rate, self._sample_rate = rate_hz, sample_rate_hz
        self._memory = memory_blocks
        self._clock = clock
        self._noise = np.random.default_rng(seed).normal(0, 3, self._shape).astype("<i2")
        self._armed = 0.0
        self._read = 0
        self._overflows = 0

    def open(self) -> BlockForm:
        """Arm it: block 0 is triggered at once."""
        self._armed, self._read, self._overflows = self._clock(), 0, 0
        return BlockForm(
            self._noise.dtype.str, self._shape, self._noise.nbytes, {"sample_rate_hz": self._sample_rate}
        )

    def wait(self, timeout: float) -> Block | None:
        """Return the oldest block that the board still holds."""
        missing = self._armed + self._read / self._rate - self._clock()
        if missing > 0:
            time.sleep(min(missing, timeout))
        lost = max(0, self._triggered() - self._memory - self._read)
        self._overflows += lost
        self._read += lost
        return Block(self._read, self._overflows) if self._triggered() > self._read else None

    def read_into(self, buffer: memoryview) -> None:
        """Write the block."""
        np.frombuffer(buffer, "<i2").reshape(self._shape)[:] = self.block(self._read)
        self._read += 1

    def close(self) -> None:
        """Do nothing: there is no board."""

    def block(self, number: int) -> NDArray[np.int16]:
        """Return what block `number` holds: noise, and in each channel one pulse that moves with it."""
        channels, samples = self._shape
        start = (number * 7 + np.arange(channels) * 13) % samples
        after = np.arange(samples) - start[:, None]
        height = 500 + 10 * np.arange(channels)[:, None]
        pulse = np.where(after >= 0, height * np.exp(-np.maximum(after, 0) / _DECAY_SAMPLES), 0)
        made: NDArray[np.int16] = self._noise + pulse.astype("<i2")
        return made

    def _triggered(self) -> int:
        return int((self._clock() - self._armed) * self._rate) + 1
