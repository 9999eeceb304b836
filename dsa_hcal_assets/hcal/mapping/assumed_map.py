"""The channel map that ships until the real one is known: what was assumed, as code.

Run ``dsa-hcal hcal map write <file>`` to generate it again; a test holds the shipped file to it.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.hcal.controllers.readings import CHANNELS, TOWERS
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.channel_map import BOARDS, COLUMNS, DETECTORS

VALID_FROM = "2023-01-01"
SECTORS_PER_BOARD = CHANNELS // 2
FIRST_SECTOR = 8  # of board 80; 81 has 12-15 and so on, round the detector

HEAD = """\
# ASSUMPTION, not a measured map: replace this file by the real one (DSA_HCAL_HCAL__CHANNEL_MAP_FILE).
# How the 24 values of a half-sector's reply lie in eta and phi is not public. Assumed here:
#   value k: local phi k % 2; k // 2-th tower in eta from the centre outwards (north ieta 12..23, south 11..0)
#   even channel north half, odd channel south half
#   outer detector: boards 80-83, 90-93; inner: 84-87, 94-97
#   4 sectors a board: 80 serves outer sectors 8-11, 81 12-15 ... 92 0-3, 93 4-7; inner likewise from 84
# valid_from is inclusive, valid_to exclusive, both UTC; an empty valid_to means: still valid.
"""


def boards_of(detector: geometry.Detector) -> tuple[str, ...]:
    """Return the eight boards that serve a detector, in the order of the sectors they serve."""
    first = 4 * int(detector)
    return tuple(board for board in BOARDS if first <= int(board) % 10 < first + 4)


def towers_of_channel(position: int, channel: int) -> tuple[NDArray[np.int32], ...]:
    """Return (ieta, iphi), each int32[24], of a channel of a detector's `position`-th board."""
    sector = (FIRST_SECTOR + SECTORS_PER_BOARD * position + channel // 2) % geometry.SECTORS
    value = np.arange(TOWERS, dtype=np.int32)
    outwards = value // geometry.SECTOR_PHI_BINS
    north = geometry.HALF_ETA_BINS + outwards
    south = geometry.HALF_ETA_BINS - 1 - outwards
    ieta = north if channel % 2 == geometry.NORTH else south
    return ieta, geometry.SECTOR_PHI_BINS * sector + value % geometry.SECTOR_PHI_BINS


def lines() -> Iterator[str]:
    """Yield the lines of the assumed map, head first, each with its newline."""
    yield HEAD
    yield ",".join(COLUMNS) + "\n"
    for name, detector in DETECTORS.items():
        for position, board in enumerate(boards_of(detector)):
            for channel in range(CHANNELS):
                ieta, iphi = towers_of_channel(position, channel)
                for value in range(TOWERS):
                    yield f"{VALID_FROM},,{board},{channel},{value},{name},{ieta[value]},{iphi[value]}\n"


def write(path: Path) -> None:
    """Write the assumed map to `path`."""
    path.write_text("".join(lines()), encoding="utf-8")
