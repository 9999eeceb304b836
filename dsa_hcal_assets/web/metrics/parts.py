"""Parts of the metrics: each read when it is asked for, not more often than it may cost, by one at a time."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import psycopg2
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from dsa_hcal_assets.errors import DatabaseUnavailable
from dsa_hcal_assets.observability import catalogue

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """Metrics that are read together.

    Parameters
    ----------
    name
        Its name, a label of ``dsa_hcal_collector_up``.
    read
        Returns them.
    seconds
        For how long an answer is good: the dearer to read, the longer.
    asks_database
        Whether it needs the database; if so it is left out while that is away.
    """

    name: str
    read: Callable[[], Iterable[Metric]]
    seconds: float
    asks_database: bool = True


@dataclass(frozen=True)
class _Reading:
    """What came of reading a part: when (monotonic, s), how long it took (s), None when it failed."""

    at: float
    took: float
    metrics: tuple[Metric, ...] | None


_LEFT_OUT = _Reading(float("-inf"), 0.0, None)


class Parts(Collector):
    """Collects parts; who asks while another reads waits for that answer.

    An absent gauge is not zero: while the database is away the parts that need it are left out, so that
    alerts on absent or old data work and an outage is not mistaken for an empty ledger.

    Parameters
    ----------
    database
        The part that finds out whether the database answers.
    others
        All other parts.
    clock
        Monotonic time, s.
    """

    def __init__(
        self, database: Part, others: Sequence[Part], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database, self._others, self._clock = database, others, clock
        self._readings: dict[str, _Reading] = {}
        self._lock = threading.Lock()

    def describe(self) -> list[Metric]:
        """Return nothing, so that registering does not ask anybody."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics of this moment, and how their reading went."""
        with self._lock:
            self._bring_up_to_date()
            readings = dict(self._readings)
        yield catalogue.DATABASE_UP.one(float(readings[self._database.name].metrics is not None))
        yield catalogue.COLLECTOR_UP.family(
            {(name,): float(one.metrics is not None) for name, one in readings.items()}
        )
        yield catalogue.COLLECTOR_SECONDS.family({(name,): one.took for name, one in readings.items()})
        for one in readings.values():
            yield from one.metrics or ()

    def _bring_up_to_date(self) -> None:
        away = self._recent(self._database).metrics is None
        for part in self._others:
            if part.asks_database and away:
                self._readings[part.name] = _LEFT_OUT
            else:
                self._recent(part)

    def _recent(self, part: Part) -> _Reading:
        known = self._readings.get(part.name, _LEFT_OUT)
        if self._clock() - known.at >= part.seconds:
            known = self._readings[part.name] = self._read(part)
        return known

    def _read(self, part: Part) -> _Reading:
        began = self._clock()
        metrics: tuple[Metric, ...] | None = None
        try:
            metrics = tuple(part.read())
        except (DatabaseUnavailable, psycopg2.Error, OSError) as error:
            logger.warning("metrics of part %s cannot be read: %s", part.name, error)
        except Exception:  # a part that fails, whatever of, costs only itself; COLLECTOR_UP tells
            logger.exception("metrics of part %s cannot be read", part.name)
        ended = self._clock()
        return _Reading(ended, ended - began, metrics)
