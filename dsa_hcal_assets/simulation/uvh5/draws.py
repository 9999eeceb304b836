"""One independent stream of random numbers for each thing that is drawn.

A stream depends on the seed and on what it is for, never on what was drawn before: a subband, a
group or a thread more changes no other value.
"""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream is for. Numbers are part of the data: never reorder them."""

    GAINS = 0
    SKY = 1
    NAMES = 2
    NOISE = 3
    INTERFERENCE = 4
    DEAD_ANTENNAS = 5


def stream(seed: int, purpose: Purpose, *which: int) -> np.random.Generator:
    """Return the generator for `purpose`; `which` numbers, for example, group and subband."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(int(purpose), *which)))
