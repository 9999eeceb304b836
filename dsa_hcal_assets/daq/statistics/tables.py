"""The rows of `stats.csv` (a job, each second) and `stats_remote.csv` (a supervisor, each second).

A job is known by its supervisor and its id, never by its type: two of one type have two rows. Totals
go on over restarts. Whether something is alive is judged by this machine's monotonic clock, from when
its last record came, because the clock of another machine proves nothing.
"""

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime

from dsa_hcal_assets.daq.statistics.counters import Counters, Direction
from dsa_hcal_assets.daq.statistics.metrics import JobRecord

ALIVE_SECONDS = 30.0
SILENT_SECONDS = 5.0
"""Records come each second: after so long without one there is no rate."""
FORGOTTEN_SECONDS = 86_400.0
"""A job that was silent for a day has no row any more: jobs that ran once would add up for ever."""
_MB = 1e6

Row = dict[str, str | int | float | bool]


class JobHistory:
    """What is known of one job over all its processes, from the records that arrived."""

    def __init__(self, first: JobRecord, now: float) -> None:
        self.latest = first
        self.heard = now
        self._before = Counters()
        # the first row has no rates and latencies: what the record holds may have taken the job days
        self._told = first.counters
        self._rates = dict.fromkeys(Direction, 0.0)

    def take(self, record: JobRecord, now: float) -> None:
        """Take a further record, which came at `now` (monotonic seconds); an older one changes nothing."""
        earlier, since_ns = self.latest.counters, self.latest.time_ns
        if record.began_ns != self.latest.began_ns:
            if record.began_ns < self.latest.began_ns:
                return
            self._before = self._before + earlier
            earlier, since_ns = Counters(), record.began_ns
        elif record.time_ns < since_ns:
            return
        seconds = (record.time_ns - since_ns) / 1e9
        self._rates = {
            way: _rate(record.counters.total(way).bytes - earlier.total(way).bytes, seconds)
            for way in Direction
        }
        self.latest, self.heard = record, now

    @property
    def total(self) -> Counters:
        """All that was counted, over all processes."""
        return self._before + self.latest.counters

    def rate(self, way: Direction, now: float) -> float:
        """Return MB/s between the job's last two records, by its own clock; 0 when it has fallen silent."""
        return self._rates[way] if now - self.heard <= SILENT_SECONDS else 0.0

    def row(self, now: float) -> Row:
        """Return the job's row; latencies are those since the row before."""
        total, latest = self.total, self.latest
        latency = (total - self._told).latency
        self._told = total
        received, sent = total.total(Direction.IN), total.total(Direction.OUT)
        return {
            "time": _utc(time.time_ns()),
            "supervisor": latest.supervisor,
            "job": latest.job,
            "type": latest.job_type,
            "process": latest.process,
            "alive": now - self.heard <= ALIVE_SECONDS,
            "restarts": latest.restarts,
            "last_in": _utc(received.last_ns),
            "last_out": _utc(sent.last_ns),
            "in_messages": received.messages,
            "out_messages": sent.messages,
            "in_bytes": received.bytes,
            "out_bytes": sent.bytes,
            "in_mb_per_s": self.rate(Direction.IN, now),
            "out_mb_per_s": self.rate(Direction.OUT, now),
            "queue_depth": sum(latest.queues.values()),
            "dropped": total.dropped,
            "gaps": sum(total.gaps.values()),
            "lost": sum(latest.lost.values()),
            "latency_mean_ms": _ms(latency.mean_ns),
            "latency_p50_ms": _ms(latency.quantile_ns(0.50)),
            "latency_p95_ms": _ms(latency.quantile_ns(0.95)),
            "latency_p99_ms": _ms(latency.quantile_ns(0.99)),
            "latency_max_ms": _ms(float(latency.max_ns)) if latency.count else "",
        }


class Statistics:
    """All jobs of all supervisors that were heard of.

    Parameters
    ----------
    clock
        Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._jobs: dict[tuple[str, str], JobHistory] = {}

    def take(self, record: JobRecord) -> None:
        """Take a record that arrived just now."""
        key, now = (record.supervisor, record.job), self._clock()
        known = self._jobs.get(key)
        if known is None:
            self._jobs[key] = JobHistory(record, now)
        else:
            known.take(record, now)

    def job_rows(self) -> list[Row]:
        """Return a row for each job, in order of supervisor and id."""
        now = self._clock()
        self._jobs = {
            key: history for key, history in self._jobs.items() if now - history.heard <= FORGOTTEN_SECONDS
        }
        return [history.row(now) for _, history in sorted(self._jobs.items())]

    def supervisor_rows(self) -> list[Row]:
        """Return a row for each supervisor: its jobs taken together."""
        return [self._supervisor_row(name) for name in sorted({name for name, _ in self._jobs})]

    def _supervisor_row(self, name: str) -> Row:
        now = self._clock()
        jobs = [history for (supervisor, _), history in self._jobs.items() if supervisor == name]
        received = [job.total.total(Direction.IN) for job in jobs]
        sent = [job.total.total(Direction.OUT) for job in jobs]
        alive = [now - job.heard <= ALIVE_SECONDS for job in jobs]
        return {
            "time": _utc(time.time_ns()),
            "supervisor": name,
            "alive": any(alive),
            "last_active": _utc(max(job.latest.time_ns for job in jobs)),
            "jobs": len(jobs),
            "jobs_alive": sum(alive),
            "in_messages": sum(one.messages for one in received),
            "out_messages": sum(one.messages for one in sent),
            "in_mb": sum(one.bytes for one in received) / _MB,
            "out_mb": sum(one.bytes for one in sent) / _MB,
            "in_mb_per_s": round(sum(job.rate(Direction.IN, now) for job in jobs), 6),
            "out_mb_per_s": round(sum(job.rate(Direction.OUT, now) for job in jobs), 6),
        }


def _rate(length: int, seconds: float) -> float:
    return round(length / _MB / seconds, 6) if seconds > 0 else 0.0


def _ms(nanoseconds: float) -> float | str:
    return "" if math.isnan(nanoseconds) else round(nanoseconds / 1e6, 6)


def _utc(time_ns: int) -> str:
    if not time_ns:
        return ""
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat(timespec="milliseconds")
