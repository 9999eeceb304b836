"""The board map and the board layout that ship until the real ones are known, as code.

``dsa-hcal hcal emcal map write <directory>`` generates them again; a test holds the shipped files to it.
"""

from pathlib import Path

from dsa_hcal_assets.hcal.emcal import board_layout, board_map
from dsa_hcal_assets.hcal.emcal.geometry import BOARDS_PER_SECTOR, SECTORS, TOWERS_PER_BOARD

VALID_FROM = "2023-01-01"
TOWERS_PER_SENSOR = 4  # 2 x 2 towers share a SiPM sensor and a pre-amplifier sensor


def controller_of_sector(sector: int) -> str:
    """Return the id of the controller that serves a sector."""
    return f"S{sector:02d}"


def map_text() -> str:
    """Return the assumed board map."""
    rows = [
        f"{VALID_FROM},,{controller_of_sector(sector)},{board},{sector},{board}\n"
        for sector in range(SECTORS)
        for board in range(BOARDS_PER_SECTOR)
    ]
    return board_map.HEAD + ",".join(board_map.COLUMNS) + "\n" + "".join(rows)


def layout_text() -> str:
    """Return the assumed board layout."""
    pairs = [2 * (channel // TOWERS_PER_SENSOR) for channel in range(TOWERS_PER_BOARD)]
    rows = [f"{channel},{channel},{pair},{pair + 1}\n" for channel, pair in enumerate(pairs)]
    return board_layout.HEAD + ",".join(board_layout.COLUMNS) + "\n" + "".join(rows)


def write(directory: Path) -> tuple[Path, Path]:
    """Write both files into `directory`; return their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = directory / "board_map.csv", directory / "board_layout.csv"
    for path, text in zip(paths, (map_text(), layout_text()), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths
