"""The table of `dsa-hcal daq top`: what each job moved between two looks."""

import math
from datetime import datetime

from rich import box
from rich.markup import escape
from rich.table import Table

from dsa_hcal_assets.daq.statistics.counters import Counters, Direction
from dsa_hcal_assets.daq.statistics.metrics import JobRecord
from dsa_hcal_assets.daq.supervisor.states import JobStatus
from dsa_hcal_assets.daq.supervisor.status import SupervisorStatus


def rates_table(before: SupervisorStatus, now: SupervisorStatus) -> Table:
    """Return rates of every job between two statuses of one supervisor."""
    seconds = max(1e-3, _moment(now) - _moment(before))
    title = f"{now.supervisor}, {now.written_at[:19]} UTC"
    shown = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    shown.add_column("job", no_wrap=True)
    shown.add_column("state", no_wrap=True)
    for heading in ("in/s", "MB/s", "out/s", "MB/s", "p50 ms", "p99 ms", "waiting", "lost", "gaps", "CPU"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for job in now.jobs:
        earlier = before.job(job.id)
        shown.add_row(*_row(job, earlier, seconds))
    return shown


def _row(job: JobStatus, earlier: JobStatus | None, seconds: float) -> list[str]:
    record = None if job.metrics is None else JobRecord.from_record(job.metrics)
    moved = _moved(record, earlier)
    came, went = moved.total(Direction.IN), moved.total(Direction.OUT)
    counters = record.counters if record else Counters()
    return [
        escape(job.id),
        job.state.value,
        f"{came.messages / seconds:.1f}",
        f"{came.bytes / seconds / 1e6:.2f}",
        f"{went.messages / seconds:.1f}",
        f"{went.bytes / seconds / 1e6:.2f}",
        _milliseconds(moved.latency.quantile_ns(0.5)),
        _milliseconds(moved.latency.quantile_ns(0.99)),
        str(sum(record.queues.values()) if record else 0),
        str(sum(record.lost.values()) if record else 0),
        str(sum(counters.gaps.values())),
        "" if job.cpu is None else f"{job.cpu:.0%}",
    ]


def _moved(record: JobRecord | None, earlier: JobStatus | None) -> Counters:
    """Return what was counted since the earlier look; all of it, if the process is a new one."""
    if record is None:
        return Counters()
    if earlier is None or earlier.metrics is None:
        return record.counters
    first = JobRecord.from_record(earlier.metrics)
    return record.counters - first.counters if first.began_ns == record.began_ns else record.counters


def _moment(status: SupervisorStatus) -> float:
    return datetime.fromisoformat(status.written_at).timestamp()


def _milliseconds(nanoseconds: float) -> str:
    return "" if math.isnan(nanoseconds) else f"{nanoseconds / 1e6:.2f}"
