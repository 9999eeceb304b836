"""Room on the disks."""

import shutil
from collections.abc import Iterator

from prometheus_client.core import Metric

from dsa_hcal_assets.observability import catalogue
from dsa_hcal_assets.settings import Settings


def disk_metrics(settings: Settings) -> Iterator[Metric]:
    """Yield the room of the file systems that the platform writes to; directories may share one."""
    directories = {
        "state": settings.state_dir.absolute(),
        "incoming": settings.incoming,
        "products": settings.products,
    }
    usage = {(name,): shutil.disk_usage(path) for name, path in directories.items() if path.is_dir()}
    yield catalogue.DISK_FREE_BYTES.family({name: one.free for name, one in usage.items()})
    yield catalogue.DISK_BYTES.family({name: one.total for name, one in usage.items()})
