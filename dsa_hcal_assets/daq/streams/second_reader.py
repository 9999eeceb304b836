"""Only one process at a time reads a stream under one name."""

import os
from pathlib import Path

from dsa_hcal_assets.daq.streams.errors import SecondReader


def lock_cursor(path: Path, producer: str, name: str) -> int:
    """Take the cursor for this process; return the descriptor that holds it until it is closed.

    Raises
    ------
    SecondReader
        If somebody else has it.
    """
    descriptor = os.open(path, os.O_RDWR)
    try:
        import fcntl
    except ImportError:  # Windows: a name used twice is an operator's mistake to avoid
        return descriptor
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise SecondReader(
            f"the stream of {producer} is already read under the name {name}",
            found=str(error),
            kept="everything; the other reader goes on",
            remedy="stop the other process, or give this one another name",
        ) from error
    return descriptor
