"""After a supervisor has ended, however it ended: nothing stays in shared memory, nothing unread is lost."""

import logging
import os
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from dsa_hcal_assets.daq.durable_file import explain_os_error
from dsa_hcal_assets.daq.one_writer import SecondWriter, one_writer
from dsa_hcal_assets.daq.streams.configuration import StreamPlace
from dsa_hcal_assets.daq.streams.files import OWNER_FILE, StreamFiles, memory_directory, streams_directory
from dsa_hcal_assets.daq.streams.mapping import PAGE
from dsa_hcal_assets.daq.streams.memory import remove_abandoned
from dsa_hcal_assets.daq.streams.ring_file import HEAD, TAIL, RingFile
from dsa_hcal_assets.daq.streams.tidying import tidy

_log = logging.getLogger(__name__)


class Fate(StrEnum):
    """What became of what was kept."""

    REMOVED = "removed"
    """Every reader had it."""
    MOVED = "moved to disk"
    """Somebody has not read it yet, and will find it there."""
    IN_USE = "in use"
    """Its producer is alive; nothing was touched."""
    NO_ROOM = "left in memory"
    """The disk has no room for it."""


@dataclass(frozen=True)
class Swept:
    """What became of one epoch of one stream."""

    producer: str
    epoch: int
    fate: Fate


def sweep(place: StreamPlace) -> list[Swept]:
    """Empty the shared memory of a supervisor that has ended; streams whose producer lives stay.

    What every reader has acknowledged is removed, from disk too; the rest moves to disk, where readers find
    it. Memory of supervisors whose directory has been deleted is given back as well.
    """
    memory = memory_directory(place)
    names = {path.parent.name for path in streams_directory(place).glob("*/producer")}
    swept = []
    for name in sorted(names):
        swept += _sweep_stream(StreamFiles(streams_directory(place) / name, memory / name))
    if memory.is_dir() and [path.name for path in memory.iterdir()] == [OWNER_FILE]:
        (memory / OWNER_FILE).unlink()
        memory.rmdir()
    remove_abandoned(place.memory_root)
    return swept


def _sweep_stream(files: StreamFiles) -> list[Swept]:
    producer = files.noted_producer()
    try:
        with one_writer(files.directory), files.locked():
            swept = [Swept(producer, epoch, Fate.REMOVED) for epoch in tidy(files, keep_newest=False)]
            in_memory = [epoch for epoch in files.epochs() if files.ring_in_memory(epoch).exists()]
            swept += [Swept(producer, epoch, _move(files, epoch)) for epoch in in_memory]
            with suppress(OSError):  # something had to stay
                files.memory.rmdir()
            return swept
    except SecondWriter:
        return [Swept(producer, epoch, Fate.IN_USE) for epoch in files.epochs()]


def _move(files: StreamFiles, epoch: int) -> Fate:
    source, target = files.ring_in_memory(epoch), files.ring_on_disk(epoch)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy_ring(RingFile(source), target)
    except OSError as error:
        target.with_suffix(".part").unlink(missing_ok=True)
        _log.error("%s", explain_os_error(target, source.stat().st_size, error))
        return Fate.NO_ROOM
    source.unlink()
    return Fate.MOVED


def _copy_ring(ring: RingFile, target: Path) -> None:
    """Copy what the ring still holds; the rest of the file stays a hole."""
    part = target.with_suffix(".part")
    begin, end = ring.words[TAIL] % ring.capacity, ring.words[HEAD] % ring.capacity
    wrapped = ring.words[HEAD] > ring.words[TAIL] and end <= begin
    with part.open("wb") as file:
        file.write(ring.page)
        for start, stop in [(begin, ring.capacity), (0, end)] if wrapped else [(begin, end)]:
            file.seek(PAGE + start)
            file.write(ring.frames[start:stop])
        file.truncate(PAGE + ring.capacity)
        file.flush()
        os.fsync(file.fileno())
    part.rename(target)
