"""Which epoch a writer goes on with, and how a new one begins."""

import time
from pathlib import Path

from dsa_hcal_assets.daq.durable_file import DiskFull
from dsa_hcal_assets.daq.streams.configuration import StreamConfig
from dsa_hcal_assets.daq.streams.epoch_reader import find_ring
from dsa_hcal_assets.daq.streams.epoch_writer import EpochWriter
from dsa_hcal_assets.daq.streams.errors import SharedMemoryFull
from dsa_hcal_assets.daq.streams.files import StreamFiles
from dsa_hcal_assets.daq.streams.registry import Registry, cursors
from dsa_hcal_assets.daq.streams.ring_file import RingFile, create_ring, reopen_ring


class EpochChoice:
    """Opens epochs of one stream for writing; the arguments are those of `writer.FileWriter`."""

    def __init__(
        self, files: StreamFiles, producer: str, config: StreamConfig, capacity: int, registry: Registry
    ) -> None:
        self._files = files
        self._producer = producer
        self._config = config
        self._capacity = capacity
        self._registry = registry

    def resume(self, *, mirror: bool) -> EpochWriter | None:
        """Return the newest epoch if it can be continued.

        One of our own can if its ring is of this boot, and as the configuration wants it. A mirror's epoch is
        its origin's: it goes on whatever is left of it, and wherever that lies.
        """
        for epoch in self._files.epochs()[-1:]:
            ring = find_ring(self._files, epoch)
            if mirror:
                return self.begin(epoch) if ring is None else self._opened(reopen_ring(ring.path))
            if ring is not None and self._suits(ring):
                return self._opened(reopen_ring(ring.path))
        return None

    def begin(self, epoch: int) -> EpochWriter:
        """Return a new epoch.

        Raises
        ------
        SharedMemoryFull, DiskFull, WriteFailed
            If its ring cannot be made.
        """
        path = self._ring_path(epoch)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._opened(create_ring(path, self._capacity, self._config.policy, epoch))
        except DiskFull as error:
            if not self._capacity:
                raise
            raise SharedMemoryFull(
                f"no room in shared memory for the ring of {self._producer}",
                expected=f"{self._capacity} bytes free below {path.parent}",
                found=error.found,
                kept="everything that was sent before",
                remedy='free some of it, give the stream a smaller size, or keep it on disk: keep = "disk"',
            ) from error

    def draw(self) -> int:
        """Return a number above every epoch that the stream has had, whatever the clock says."""
        used = [*self._files.epochs(), *(cursor.reached.epoch for cursor in cursors(self._files))]
        return max(time.time_ns(), 1 + max(used, default=0))

    def _suits(self, ring: RingFile) -> bool:
        wanted = (self._ring_path(ring.epoch), self._capacity, self._config.policy)
        return ring.of_this_boot and (ring.path, ring.capacity, ring.policy) == wanted

    def _opened(self, file: RingFile) -> EpochWriter:
        return EpochWriter(self._files, self._producer, self._config, file, self._registry)

    def _ring_path(self, epoch: int) -> Path:
        return self._files.ring_in_memory(epoch) if self._capacity else self._files.ring_on_disk(epoch)
