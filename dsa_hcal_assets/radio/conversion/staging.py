"""Where a Measurement Set is written: room for it, memory or disk, and refusals of storage by name.

On a local disk the page cache already is the memory a Measurement Set is written to, and staging in
/dev/shm only adds a copy. On network file systems it keeps casacore's many small writes off the net.
"""

import errno
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import psutil

from dsa_hcal_assets.errors import WorkerCrashed
from dsa_hcal_assets.products import staging, tree
from dsa_hcal_assets.products.store import StorageFailed
from dsa_hcal_assets.workers.sockets import make_private

if TYPE_CHECKING:
    # reads HDF5, which those who only ask for an error's meaning need not load
    from dsa_hcal_assets.radio.ingest.uvh5 import Uvh5Header

log = logging.getLogger(__name__)

RamStaging = Literal["auto", "on", "off"]
MEMORY = Path("/dev/shm")  # noqa: S108 - a private directory in it is made
CGROUP = Path("/sys/fs/cgroup")
# left free of memory for the conversion itself and everybody else
MEMORY_MARGIN = 2 << 30
# subtables, and what storage managers round up
OVERHEAD_BYTES = 8 << 20
NETWORK = frozenset({
    "9p", "afs", "beegfs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "glusterfs", "gpfs", "lustre",
    "nfs", "nfs4", "orangefs", "smb3", "smbfs", "virtiofs",
})  # fmt: skip
REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
# what casacore says, with whatever errno is left by then; it often ends the process by it
WRITE_ERRORS = ("write error", "No space left on device", "Disk quota exceeded", "File too large")


def expected_bytes(
    header: "Uvh5Header", subbands: int, *, data_columns: int = 1, weight_spectrum: bool = False
) -> int:
    """Return about how large the Measurement Set of a group becomes, never less than it does.

    Parameters
    ----------
    header
        Of any of its subbands.
    subbands
        How many there are.
    data_columns
        1 for DATA, 3 with MODEL_DATA and CORRECTED_DATA.
    """
    hands = len(header.polarizations)
    values = len(header.times_jd) * subbands * len(header.frequencies_hz) * hands
    # complex64, and a bit for its flag
    a_value = 8 * data_columns + 4 * weight_spectrum + 0.125
    # a row of each window has (u, v, w), WEIGHT, SIGMA, two antennas; the rest is run-length encoded
    a_row = 24 + 8 * hands + 8 + 16
    return int(1.03 * (values * a_value + len(header.times_jd) * subbands * a_row)) + OVERHEAD_BYTES


@contextmanager
def writing(out: Path, needed: int, ram: RamStaging = "auto") -> Iterator[Path]:
    """Give the path to write `out` at; it is there, whole, when the block has ended well.

    Whatever dead conversions left in memory is removed first. If the block fails nothing is left.

    Parameters
    ----------
    out
        Directory that does not exist yet, in one that does.
    needed
        Bytes it will have, from `expected_bytes`.
    ram
        ``on``: in memory whenever it fits; ``auto``: only if `out` is on a network file system.

    Raises
    ------
    StorageFailed
        If there is no room, or the disk refuses later.
    """
    sweep()
    require_room(out.parent, needed)
    partial = out.with_name(f".{out.name}.part")
    try:
        with storage_failures(out.parent, needed):
            if wants_memory(out.parent, needed, ram):
                with staging.opened(_memory()) as directory:
                    yield directory / out.name
                    shutil.copytree(directory / out.name, partial)
            else:
                yield partial
            partial.rename(out)
    finally:
        if partial.exists():
            tree.remove(partial)


def wants_memory(directory: Path, needed: int, ram: RamStaging) -> bool:
    """Tell whether `needed` bytes for `directory` are staged in memory, and log why not."""
    if ram == "off" or not MEMORY.is_dir():
        return False
    if ram == "auto" and file_system(directory) not in NETWORK:
        return False
    free = free_memory()
    if needed + MEMORY_MARGIN > free:
        log.warning("no staging in memory: %d MiB needed, %d MiB free", needed >> 20, free >> 20)
        return False
    return True


def free_memory() -> int:
    """Return how many bytes may still be put into `MEMORY`: its size, the machine's and the container's."""
    free = min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available)
    limit, used = CGROUP / "memory.max", CGROUP / "memory.current"
    if limit.is_file() and (most := limit.read_text().strip()) != "max":
        free = min(free, int(most) - int(used.read_text()))
    return free


def file_system(directory: Path) -> str:
    """Return the type of the file system `directory` is on, as the kernel calls it."""
    inside = directory.resolve()
    mounts = {Path(one.mountpoint): one.fstype for one in psutil.disk_partitions(all=True)}
    return next((mounts[place] for place in (inside, *inside.parents) if place in mounts), "unknown")


def sweep() -> list[Path]:
    """Remove what conversions that died left in memory; return what was removed."""
    dead = []
    for path in staging.abandoned(_area()):
        if path.is_dir():
            log.warning("removing %s: its conversion is gone", path)
            tree.remove(path)
            dead.append(path)
    return dead


def require_room(directory: Path, needed: int) -> None:
    """Check that `needed` bytes fit on the disk of `directory`.

    Raises
    ------
    StorageFailed
        Naming both numbers.
    """
    if shutil.disk_usage(directory).free < needed:
        raise _failed(directory, needed, "a disk that is full")


@contextmanager
def storage_failures(directory: Path, needed: int | None = None) -> Iterator[None]:
    """Raise refusals of the disk as what they are, here or in a worker that casacore has ended by them.

    Raises
    ------
    StorageFailed
        For an OSError of storage, casacore's write error, or a crash whose log ends with one.
    """
    try:
        yield
    except (OSError, RuntimeError, WorkerCrashed) as error:
        refused = isinstance(error, OSError) and error.errno in REFUSALS
        # copytree joins the errors of all files into one without a number
        said = [line for line in str(error).splitlines() if any(one in line for one in WRITE_ERRORS)]
        if not refused and not said:
            raise
        raise _failed(directory, needed, said[0].strip() if said else str(error)) from error


def _failed(directory: Path, needed: int | None, found: str) -> StorageFailed:
    free = shutil.disk_usage(directory).free
    return StorageFailed(
        f"the Measurement Set does not fit into {directory}",
        expected=f"room for {needed} bytes" if needed else "room for it",
        found=f"{free} bytes free; {found}",
        kept="nothing was published; the input files stay where they are",
        remedy="free space; the conversion may be repeated",
    )


def _area() -> Path:
    return MEMORY / f"dsa-hcal-{os.getuid()}"


def _memory() -> Path:
    make_private(_area())
    return _area()
