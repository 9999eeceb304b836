"""Jobs of the acquisition framework: states, rates, queues, losses."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from dsa_hcal_assets.daq.supervisor.status import metrics_of, read_status
from dsa_hcal_assets.observability import catalogue
from dsa_hcal_assets.settings import Settings


def acquisition_metrics(settings: Settings) -> Iterator[Metric]:
    """Yield what supervisors on this machine say; of one that has ended only that it has."""
    found = [read_status(directory) for directory in sorted((settings.state_dir / "daq").glob("*/"))]
    statuses = [status for status in found if status is not None]
    yield catalogue.DAQ_UP.family({(status.supervisor,): float(status.alive) for status in statuses})
    yield from metrics_of([status for status in statuses if status.alive])
