"""The machine the API runs on: load, memory, room on the disks of the platform's directories."""

import os
from dataclasses import dataclass
from pathlib import Path

import psutil

from dsa_hcal_assets.settings import Settings


@dataclass(frozen=True)
class Disk:
    """Room where a directory of the platform lies, bytes."""

    total_bytes: int
    free_bytes: int


@dataclass(frozen=True)
class SystemState:
    """The machine at one moment.

    `load` holds the mean number of runnable processes over 1, 5 and 15 minutes; `disks` is by the
    directory's role (state, incoming, products), without those that do not exist yet.
    """

    cpus: int
    load: tuple[float, float, float]
    memory_total_bytes: int
    memory_available_bytes: int
    disks: dict[str, Disk]


def read_system_state(settings: Settings) -> SystemState:
    """Return the state of this machine."""
    memory = psutil.virtual_memory()
    return SystemState(
        cpus=os.cpu_count() or 1,
        load=os.getloadavg(),
        memory_total_bytes=memory.total,
        memory_available_bytes=memory.available,
        disks=read_disks(settings),
    )


def read_disks(settings: Settings) -> dict[str, Disk]:
    """Return the room of the file systems that the platform writes to, by the role of the directory there."""
    return {role: _disk(place) for role, place in settings.written_directories.items() if place.is_dir()}


def _disk(place: Path) -> Disk:
    usage = psutil.disk_usage(str(place))
    return Disk(usage.total, usage.free)
