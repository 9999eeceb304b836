"""Look at a UTC day with its past, and bring the record of anomalies up to date with it.

A day is looked at whole, however often: its parts of anomalies are replaced in one transaction. If
that changes what was in force when the day ended, the next day that was looked at before is looked at
again, and so on until nothing changes, so that days may come in any order and late data count.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.anomalies import history, parts, set_points
from dsa_hcal_assets.hcal.anomalies.episodes import (
    ERROR,
    UNMEASURED,
    Episode,
    Levels,
    crossed,
    episodes,
    excess,
    first_normal,
    levels,
)
from dsa_hcal_assets.hcal.anomalies.parts import Key, Part
from dsa_hcal_assets.hcal.anomalies.readings import Readings, read_day
from dsa_hcal_assets.hcal.anomalies.rules import Observation, Past, observations
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.hcal.mapping.geometry import HCAL_TOWERS
from dsa_hcal_assets.quality.thresholds import Threshold, Thresholds

logger = logging.getLogger(__name__)

STAGE = "anomaly"
QUIET = timedelta(minutes=30)  # two episodes with a shorter pause are one anomaly
HISTORY_DAYS = 7
LEAST_HISTORY_DAYS = 3  # fewer do not say how much days differ
WITH_HISTORY = ("temperature", "leakage")

_NEXT_DAY = "select min(day) from hcal.tower_day where day > %s"


@dataclass(frozen=True)
class DetectionReport:
    """What a look did: days looked at (the one asked for first), parts found in each, wall seconds."""

    found: dict[str, int]
    seconds: float


def refresh(database: Database, day: str | date, thresholds: Thresholds) -> DetectionReport:
    """Look at a UTC day and bring `hcal.anomaly` and `hcal.tower_day` up to date with it.

    Raises
    ------
    DatabaseUnavailable
        If the database is unreachable; nothing has changed then.
    """
    started = time.monotonic()
    limits = {one.metric: one for one in thresholds.of_stage(STAGE)}
    current: date | None = date.fromisoformat(day) if isinstance(day, str) else day
    found: dict[str, int] = {}
    with database.transaction() as cursor:
        parts.take_turn(cursor)
        while current is not None:
            _, end = bounds(current)
            before = parts.in_force(cursor, end)
            found[current.isoformat()] = _look(cursor, current, limits)
            changed = parts.in_force(cursor, end) != before
            current = _next_day(cursor, current) if changed else None
    report = DetectionReport(found, time.monotonic() - started)
    logger.info("anomalies: parts by day: %s; %.1f s", report.found, report.seconds)
    return report


def _look(cursor: Cursor, day: date, limits: dict[str, Threshold]) -> int:
    open_before = parts.open_before(cursor, day, bounds(day)[0])
    readings = read_day(cursor, day)
    past = Past(
        baselines={
            quantity: history.baseline(cursor, quantity, day, HISTORY_DAYS, LEAST_HISTORY_DAYS)
            for quantity in WITH_HISTORY
        },
        offsets_before=history.newest(cursor, "bias_offset", day, HISTORY_DAYS),
        offsets_set=set_points.offsets(cursor, readings.times, HCAL_TOWERS),
    )
    found = [
        part
        for observation in observations(readings, past)
        for part in _parts(observation, limits[observation.metric], readings, open_before)
    ]
    parts.replace(cursor, day, found, QUIET)
    history.store(
        cursor,
        day,
        {
            "temperature": readings.temperature[readings.first :],
            "leakage": readings.leakage_with_bias[readings.first :],
            "bias_offset": readings.bias_offset[readings.first :],
        },
    )
    return len(found)


def _parts(
    observation: Observation, threshold: Threshold, readings: Readings, open_before: set[Key]
) -> Iterator[Part]:
    limits, values = threshold.limits, observation.values
    judged = levels(values, limits)
    judged[: readings.first] = UNMEASURED  # those belong to the days before
    if not len(judged):
        return
    beyond = excess(values, limits)
    for episode in episodes(judged, beyond, readings.seconds, QUIET.total_seconds()):
        yield _part(observation, episode, judged, threshold, readings)
    for place, cycle in enumerate(first_normal(judged).tolist()):
        key = (observation.kind, observation.quantity, observation.places[place].name)
        if cycle >= 0 and key in open_before:
            moment = readings.moment(cycle)
            yield Part(*key[:2], observation.places[place], moment, ended_at=moment)


def _part(
    observation: Observation,
    episode: Episode,
    judged: Levels,
    threshold: Threshold,
    readings: Readings,
) -> Part:
    worst = (episode.worst, episode.place)
    value, level = float(observation.values[worst]), int(judged[worst])
    detail: dict[str, float | str] = {"unit": threshold.unit}
    if observation.reading is not None:
        detail["reading"] = round(float(observation.reading[worst]), 4)
    return Part(
        observation.kind,
        observation.quantity,
        observation.places[episode.place],
        readings.moment(episode.start),
        last_seen_at=readings.moment(episode.last),
        ended_at=None if episode.end is None else readings.moment(episode.end),
        severity="error" if level == ERROR else "warning",
        value=value,
        limit_value=crossed(value, level, threshold.limits),
        samples=episode.samples,
        detail=detail,
    )


def _next_day(cursor: Cursor, day: date) -> date | None:
    cursor.execute(_NEXT_DAY, (day,))
    [(after,)] = cursor.fetchall()
    found: date | None = after
    return found
