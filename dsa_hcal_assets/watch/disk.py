"""Room on the file systems the platform writes to."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from dsa_hcal_assets.alerts import Severity
from dsa_hcal_assets.watch.condition import Condition

GB = 1e9


def low_disks(directories: Iterable[Path], warning_gb: float, critical_gb: float) -> list[Condition]:
    """Return the file systems with less room than a limit, each once.

    Parameters
    ----------
    directories
        Where the platform writes; one that is not there yet counts by its nearest parent.
    warning_gb, critical_gb
        Free space below which it is a warning or critical, 10^9 bytes.
    """
    places: dict[int, list[Path]] = {}
    for directory in directories:
        place = directory.absolute()
        existing = next(parent for parent in (place, *place.parents) if parent.exists())
        places.setdefault(existing.stat().st_dev, []).append(existing)
    found = []
    for together in places.values():
        free = shutil.disk_usage(together[0]).free / GB
        if free >= max(warning_gb, critical_gb):
            continue
        critical = free < critical_gb
        found.append(
            Condition(
                str(together[0]),
                Severity.CRITICAL if critical else Severity.WARNING,
                "disk",
                f"{free:.0f} GB free on the disk of {together[0]}",
                f"Below {critical_gb if critical else warning_gb:g} GB. It holds "
                f"{', '.join(map(str, dict.fromkeys(together)))}. Remove or move what is not needed.",
                details={"free_gb": round(free, 1)},
            )
        )
    return found
