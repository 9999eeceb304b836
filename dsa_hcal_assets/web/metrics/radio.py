"""Groups, real time, calibration and quick looks of the radio side."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.observability import catalogue
from dsa_hcal_assets.radio import group_states
from dsa_hcal_assets.radio.quicklook import latency
from dsa_hcal_assets.radio.realtime import real_time

_CALIBRATION = """
select profile, extract(epoch from (
           select centre from radio.calibration_set s
            where s.stream_id = stream.stream_id and s.state = 'active' order by centre desc limit 1))
  from radio.calibration_stream stream
"""


def group_metrics(database: Database) -> Iterator[Metric]:
    """Yield the groups by state; a year of them makes this dear."""
    with database.transaction() as cursor:
        states = group_states.counts(cursor)
    yield catalogue.GROUPS.family({(state,): count for state, count in states.items()})


def radio_metrics(database: Database) -> Iterator[Metric]:
    """Yield what there is of real time, calibration and quick looks."""
    pace = real_time(database)
    if pace is not None:
        yield catalogue.GROUP_PROCESSING.one(pace.processing_seconds)
        yield catalogue.GROUP_SKY.one(pace.sky_seconds)
        yield catalogue.REALTIME_MARGIN.one(pace.margin_seconds)
    yield catalogue.CALIBRATION_TIME.family(
        {(profile,): at for profile, at in database.rows(_CALIBRATION) if at is not None}
    )
    with database.transaction() as cursor:
        look = latency.latest(cursor)
    if look is not None:
        yield catalogue.QUICKLOOK_LATENCY.family(
            {(stage,): seconds for stage, seconds in look.since_landing.items()}
        )
        yield catalogue.QUICKLOOK_TIME.one(look.judged_at.timestamp())
