"""The number of the data-taking run, as the DAQ leaves it in a file."""

import logging
from pathlib import Path

from dsa_hcal_assets.hcal.snapshots.cycle import LARGEST_RUN

_log = logging.getLogger(__name__)
UNKNOWN = -1
_LONGEST = 64  # bytes


def read_run_number(path: Path) -> int:
    """Return the run number in `path`, -1 when there is none; never fails: a sample counts without it."""
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST).decode("ascii").strip()
        number = int(text)
    except (OSError, ValueError) as error:
        _log.warning("no run number in %s: %s", path, error)
        return UNKNOWN
    if not 0 <= number <= LARGEST_RUN:
        _log.warning("no run number in %s: %r", path, text)
        return UNKNOWN
    return number
