"""The state of this machine as one flat row of numbers."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

Row = dict[str, float | int | None]


def machine_state(paths: Iterable[Path]) -> Row:
    """Return CPU, memory, disk, network and temperatures of this machine now.

    Names end with the unit before what they are of: `disk_free_bytes./data`,
    `temperature_celsius.coretemp.0`. The share of the CPU is of the time since the call before; the first
    call returns 0 for it. What this system does not measure (temperatures in a virtual machine) is left
    out; a path that cannot be asked has None, so that the columns stay the same.
    """
    memory, swap, load = psutil.virtual_memory(), psutil.swap_memory(), psutil.getloadavg()
    row: Row = {
        "cpu_percent": psutil.cpu_percent(None),
        "load_1min": load[0],
        "load_5min": load[1],
        "load_15min": load[2],
        "memory_total_bytes": memory.total,
        "memory_available_bytes": memory.available,
        "memory_percent": memory.percent,
        "swap_used_bytes": swap.used,
        "processes": len(psutil.pids()),
    }
    for path in paths:
        row |= _disk(path)
    return row | _moved() | dict(_temperatures())


def _disk(path: Path) -> Row:
    names = (f"disk_total_bytes.{path}", f"disk_free_bytes.{path}", f"disk_percent.{path}")
    try:
        usage = psutil.disk_usage(str(path))
    except OSError:
        return dict.fromkeys(names)
    return dict(zip(names, (usage.total, usage.free, usage.percent), strict=True))


def _moved() -> Row:
    row: Row = {}
    if disks := psutil.disk_io_counters():
        row |= {"disk_read_bytes": disks.read_bytes, "disk_written_bytes": disks.write_bytes}
    if network := psutil.net_io_counters():
        row |= {"network_received_bytes": network.bytes_recv, "network_sent_bytes": network.bytes_sent}
    return row


def _temperatures() -> Iterator[tuple[str, float]]:
    # only Linux and FreeBSD have them
    if not hasattr(psutil, "sensors_temperatures"):
        return
    for chip, entries in psutil.sensors_temperatures().items():
        for number, entry in enumerate(entries):
            yield f"temperature_celsius.{chip}.{entry.label or number}", entry.current
