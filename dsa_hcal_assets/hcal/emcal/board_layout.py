"""Which number of an interface board's replies belongs to which of its 64 channels.

A CSV file (``#`` starts a comment line) with one row a channel of the board, in the numbering of
reconstruction (`geometry`)::

    channel,leakage_value,sipm_value,preamp_value

Every board has the same layout. Each leakage current belongs to one channel; a temperature sensor
may serve several.
"""

import csv
import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.hcal.emcal.geometry import TOWERS_PER_BOARD
from dsa_hcal_assets.hcal.emcal.protocol import TEMPERATURES

COLUMNS = ("channel", "leakage_value", "sipm_value", "preamp_value")
HEAD = """\
# ASSUMPTION, not a document of the boards: replace this file (DSA_HCAL_HCAL__EMCAL_LAYOUT_FILE).
# Assumed: $I gives the 64 currents in the order of the channels; $T gives 16 pairs (SiPM, pre-amplifier),
# a pair for each 2 x 2 towers, that is for each four channels in a row.
"""


class BoardLayoutError(ConfigurationError):
    """A board layout file cannot be used; the message names file and line."""


@dataclass(frozen=True, eq=False)
class BoardLayout:
    """Positions in a board's replies, one array int64[64] by channel each, and the file's digest."""

    leakage: NDArray[np.int64]
    sipm: NDArray[np.int64]
    preamp: NDArray[np.int64]
    digest: str


def shipped_path() -> Path:
    """Return the path of the layout that comes with the package (an assumption, see its head)."""
    return Path(str(resources.files("dsa_hcal_assets.hcal.emcal") / "board_layout.csv"))


def load_board_layout(path: Path | None = None) -> BoardLayout:
    """Read and check a board layout; None takes the one shipped.

    Raises
    ------
    BoardLayoutError
        If the file cannot be read, or does not give each of the 64 channels one current of its own
        and two of the 32 temperatures.
    """
    path = path or shipped_path()
    try:
        text = path.read_text(encoding="utf-8")
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        reader = csv.reader(lines)
        header, rows = tuple(next(reader)), np.array([[int(field) for field in row] for row in reader])
    except (OSError, UnicodeDecodeError, StopIteration, ValueError) as error:
        raise BoardLayoutError(
            f"board layout {path} cannot be read",
            expected=",".join(COLUMNS) + " and numbers",
            found=str(error),
            remedy="check DSA_HCAL_HCAL__EMCAL_LAYOUT_FILE",
        ) from error
    channels = list(range(TOWERS_PER_BOARD))
    if header != COLUMNS or rows.shape != (TOWERS_PER_BOARD, len(COLUMNS)):
        raise BoardLayoutError(
            f"board layout {path}: wrong shape",
            expected=f"{','.join(COLUMNS)} and {TOWERS_PER_BOARD} rows",
            found=f"{','.join(header)} and {len(rows)} rows",
        )
    rows = rows[np.argsort(rows[:, 0])]
    for name, found in (("channel", rows[:, 0]), ("leakage_value", np.sort(rows[:, 1]))):
        if found.tolist() != channels:
            raise BoardLayoutError(f"board layout {path}: {name}", expected="0-63, each once")
    if rows.min() < 0 or rows[:, 2:].max() >= TEMPERATURES:
        raise BoardLayoutError(
            f"board layout {path}: temperatures", expected=f"0-{TEMPERATURES - 1}", found=str(rows.max())
        )
    return BoardLayout(rows[:, 1], rows[:, 2], rows[:, 3], hashlib.sha256(text.encode()).hexdigest())
