"""The file of a ring: one page of words that say what is visible, then the bytes of the frames.

Words are 8 bytes, aligned, and written by one store each; only the writer writes them.

    0   magic          1   capacity, bytes (0: everything is in the log)
    2   policy         3   epoch
    8   head           position after the newest frame
    9   last           sequence of the newest message: a message is visible when this says so
    10  logged         sequence of the newest message in the log, 0 if none
    16  tail           position of the oldest frame that is still whole
    byte 256: id of the boot in which the ring was made

Positions count bytes for ever; a frame lies at its position modulo the capacity. Frames begin at
multiples of 64, and never cross the end: what is left there is marked with `PAD`.
"""

import os
import uuid
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

from dsa_hcal_assets.daq.durable_file import explain_os_error
from dsa_hcal_assets.daq.streams.interface import Policy
from dsa_hcal_assets.daq.streams.mapping import PAGE, map_file

MAGIC = int.from_bytes(b"DHMRING1", "little")
PAD = int.from_bytes(b"DHMPAD\0\0", "little")
CAPACITY, POLICY, EPOCH, HEAD, LAST, LOGGED, TAIL = 1, 2, 3, 8, 9, 10, 16
SEQUENCE_WORD = 32 // 8
_BOOT_AT = 256
_POLICIES = tuple(Policy)


class RingFile:
    """A mapped ring.

    Attributes
    ----------
    page, words
        The first page, and the same as words.
    frames
        The bytes of the frames.
    frame_words
        The same as words.
    capacity
        Bytes for frames.
    """

    def __init__(self, path: Path, *, writable: bool = False) -> None:
        self.path = path
        whole = map_file(path, writable=writable, whole=True)
        self.page = whole[:PAGE]
        self.words = self.page.cast("Q")
        self.capacity = self.words[CAPACITY]
        self.frames = whole[PAGE : PAGE + self.capacity]
        self.frame_words = self.frames.cast("Q")
        self._boot = bytes(whole[_BOOT_AT : _BOOT_AT + 64])

    @property
    def epoch(self) -> int:
        """The epoch of the messages."""
        return int(self.words[EPOCH])

    @property
    def policy(self) -> Policy:
        """The stream's policy."""
        return _POLICIES[self.words[POLICY]]

    @property
    def of_this_boot(self) -> bool:
        """Whether nothing that was stored can have been lost by a restart of the machine."""
        return self._boot == boot_id()


def create_ring(path: Path, capacity: int, policy: Policy, epoch: int) -> RingFile:
    """Make an empty ring, whole under its name or not at all, all of its memory taken.

    Raises
    ------
    DiskFull, WriteFailed
        If there is no room for it.
    """
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    header = bytearray(PAGE)
    words = memoryview(header).cast("Q")
    words[0], words[CAPACITY], words[POLICY], words[EPOCH] = MAGIC, capacity, _POLICIES.index(policy), epoch
    header[_BOOT_AT : _BOOT_AT + 64] = boot_id()
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, header)
            _take_room(descriptor, PAGE + capacity)
        finally:
            os.close(descriptor)
        part.rename(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise explain_os_error(path, PAGE + capacity, error) from error
    return RingFile(path, writable=True)


def reopen_ring(path: Path) -> RingFile:
    """Return an existing ring to be written on.

    Raises
    ------
    DiskFull, WriteFailed
        If there is no room for all of it.
    """
    try:
        with path.open("r+b") as file:
            _take_room(file.fileno(), file.seek(0, os.SEEK_END))
            file.seek(_BOOT_AT)
            file.write(boot_id())
    except OSError as error:
        raise explain_os_error(path, path.stat().st_size, error) from error
    return RingFile(path, writable=True)


def _take_room(descriptor: int, length: int) -> None:
    # a page that cannot be had later would kill the process with SIGBUS instead of an error
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, length)
    else:
        os.ftruncate(descriptor, length)


@cache
def boot_id() -> bytes:
    """Return 64 bytes that differ between boots of this machine."""
    try:
        text = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        text = str(int(psutil.boot_time()))
    return text.encode().ljust(64, b"\0")[:64]
