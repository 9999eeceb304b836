"""Room on the disks."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from dsa_hcal_assets.observability import catalogue
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web.system_state import read_disks


def disk_metrics(settings: Settings) -> Iterator[Metric]:
    """Yield the room of the file systems that the platform writes to; directories may share one."""
    disks = read_disks(settings)
    yield catalogue.DISK_FREE_BYTES.family({(role,): one.free_bytes for role, one in disks.items()})
    yield catalogue.DISK_BYTES.family({(role,): one.total_bytes for role, one in disks.items()})
