"""The directory of rings in shared memory."""

import shutil
from contextlib import suppress
from pathlib import Path

from dsa_hcal_assets.daq.streams.configuration import StreamPlace
from dsa_hcal_assets.daq.streams.errors import NoSharedMemory
from dsa_hcal_assets.daq.streams.files import MEMORY_PREFIX, OWNER_FILE, StreamFiles, memory_directory


def prepare_memory(place: StreamPlace, files: StreamFiles) -> None:
    """Make the directory for the rings of one producer, and note whose it is.

    Raises
    ------
    NoSharedMemory
        If there is none, or it must not be written.
    """
    directory = memory_directory(place)
    try:
        if not place.memory_root.is_dir():
            raise NotADirectoryError(f"{place.memory_root} is not there")
        directory.mkdir(mode=0o700, exist_ok=True)
        owner = directory / OWNER_FILE
        if not owner.exists():
            owner.write_text(str(place.run_dir.resolve()))
        files.memory.mkdir(exist_ok=True)
    except OSError as error:
        raise NoSharedMemory(
            f"no shared memory below {place.memory_root}",
            expected="a file system in memory that may be written",
            found=str(error),
            remedy='mount it, or keep streams on disk: keep = "disk", or shared memory off for all of them',
        ) from error


def remove_abandoned(memory_root: Path) -> list[Path]:
    """Remove the directories in memory whose directory on disk no longer exists; return them."""
    removed = []
    for directory in sorted(memory_root.glob(f"{MEMORY_PREFIX}*")):
        with suppress(OSError):  # another user's, or being made just now
            if not Path((directory / OWNER_FILE).read_text()).is_dir():
                shutil.rmtree(directory)
                removed.append(directory)
    return removed
