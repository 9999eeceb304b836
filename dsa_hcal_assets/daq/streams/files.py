"""Names of the files of one stream, and the lock over them.

<run_dir>/streams/<producer>/producer                      whose it is
/readers/<reader>.cursor      how far each reader has come
/<epoch>/ring                  its ring, or only the ring's first page
/<sequence>.segment    what is kept on disk, by first sequence
<memory_root>/dsa-hcal-daq-<digest of run_dir>/<producer>/<epoch>.ring      a ring in shared memory
/run_dir                       whose directory it is
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from dsa_hcal_assets.daq.identity import safe_name
from dsa_hcal_assets.daq.streams.configuration import StreamPlace

MEMORY_PREFIX = "dsa-hcal-daq-"
OWNER_FILE = "run_dir"
RING_NAME = "ring"


def memory_directory(place: StreamPlace) -> Path:
    """Return the directory in shared memory of the streams of `place`."""
    digest = blake2b(os.fsencode(place.run_dir.resolve()), digest_size=10).hexdigest()
    return place.memory_root / f"{MEMORY_PREFIX}{digest}"


def streams_directory(place: StreamPlace) -> Path:
    """Return the directory on disk of the streams of `place`."""
    return place.run_dir / "streams"


@dataclass(frozen=True)
class StreamFiles:
    """The files of one producer's stream.

    Attributes
    ----------
    directory
        On disk.
    memory
        In shared memory.
    """

    directory: Path
    memory: Path

    @classmethod
    def of(cls, place: StreamPlace, producer: str) -> "StreamFiles":
        """Return the files of `producer`."""
        name = safe_name(producer)
        return cls(streams_directory(place) / name, memory_directory(place) / name)

    @property
    def readers(self) -> Path:
        """Directory of the readers' cursors."""
        return self.directory / "readers"

    def note_producer(self, producer: str) -> None:
        """Write down whose stream it is: a directory's name cannot hold every id."""
        note = self.directory / "producer"
        if not note.exists():
            note.write_text(producer)

    def noted_producer(self) -> str:
        """Return whose stream it is."""
        try:
            return (self.directory / "producer").read_text()
        except FileNotFoundError:
            return self.directory.name

    def epochs(self) -> list[int]:
        """Return the epochs of which anything is left, oldest first."""
        kept = {int(entry) for entry in _names(self.directory) if entry.isdigit()}
        rings = {int(entry[:-5]) for entry in _names(self.memory) if entry.endswith(".ring")}
        return sorted(kept | rings)

    def epoch_directory(self, epoch: int) -> Path:
        """Directory on disk of what was sent in `epoch`."""
        return self.directory / f"{epoch:020d}"

    def ring_in_memory(self, epoch: int) -> Path:
        """Name of the ring of `epoch` in shared memory."""
        return self.memory / f"{epoch:020d}.ring"

    def ring_on_disk(self, epoch: int) -> Path:
        """Name of the ring of `epoch` on disk, where there is no shared memory or it was swept."""
        return self.epoch_directory(epoch) / RING_NAME

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the stream's lock: readers come and go, and room is made, by one process at a time.

        The system releases it when the process ends, however it ends.
        """
        try:
            import fcntl
        except ImportError:  # Windows: registering a reader while its producer sends is not protected
            yield
            return
        descriptor = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _names(directory: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(directory)]
    except FileNotFoundError:
        return []
