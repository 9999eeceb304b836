"""Boards, anomalies and supplies of the detectors, and the rig's newest reading."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.reachability import reachability
from dsa_hcal_assets.observability import catalogue

_ANOMALIES = "select kind, severity, count(*) from hcal.anomaly where ended_at is null group by 1, 2"
_READING = "select extract(epoch from max(read_at)) from rig.reading"


def detector_metrics(database: Database) -> Iterator[Metric]:
    """Yield the state of the newest loaded cycles."""
    found = reachability(database)
    yield catalogue.CYCLE_TIME.family({(source,): at.timestamp() for source, at in found.cycles.items()})
    yield catalogue.BOARD_UP.family({key: float(reached) for key, reached in found.reached().items()})
    yield catalogue.SUPPLY_CHANNELS.family({(state,): count for state, count in found.supplies.items()})
    yield catalogue.ANOMALIES.family(
        {(kind, severity): count for kind, severity, count in database.rows(_ANOMALIES)}
    )


def rig_metrics(database: Database) -> Iterator[Metric]:
    """Yield when the rig was heard last."""
    ((newest,),) = database.rows(_READING)
    if newest is not None:
        yield catalogue.RIG_READING_TIME.one(newest)
