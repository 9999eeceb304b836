"""The table of `dsa-hcal daq top`: what each job moved between its last two records."""

import math

from rich import box
from rich.markup import escape
from rich.table import Table

from dsa_hcal_assets.daq.statistics.counters import Counters, Direction
from dsa_hcal_assets.daq.statistics.metrics import JobRecord
from dsa_hcal_assets.daq.supervisor.states import JobStatus
from dsa_hcal_assets.daq.supervisor.status import SupervisorStatus

_RATES = ("in/s", "MB/s", "out/s", "MB/s", "p50 ms", "p99 ms", "waiting", "lost", "gaps", "CPU")


class Rates:
    """Remembers the last two records of each job: looks may be more frequent than records are."""

    def __init__(self) -> None:
        self._records: dict[str, tuple[JobRecord, JobRecord]] = {}

    def look(self, status: SupervisorStatus) -> None:
        """Take in a status."""
        for job in status.jobs:
            if job.metrics is None:
                continue
            record = JobRecord.from_record(job.metrics)
            _, last = self._records.get(job.id, (record, record))
            if last.began_ns != record.began_ns:
                last = record
            if last.time_ns != record.time_ns or job.id not in self._records:
                self._records[job.id] = (last, record)

    def table(self, status: SupervisorStatus) -> Table:
        """Return the jobs of a status with their rates."""
        title = f"{status.supervisor}, {status.written_at[:19]} UTC"
        shown = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        shown.add_column("job", no_wrap=True)
        shown.add_column("state", no_wrap=True)
        for heading in _RATES:
            shown.add_column(heading, justify="right", no_wrap=True)
        for job in status.jobs:
            shown.add_row(escape(job.id), job.state.value, *self._row(job))
        return shown

    def _row(self, job: JobStatus) -> list[str]:
        if job.id not in self._records:
            return [""] * len(_RATES)
        before, record = self._records[job.id]
        seconds = max(1e-9, (record.time_ns - before.time_ns) / 1e9)
        moved = record.counters - before.counters if before is not record else Counters()
        came, went = moved.total(Direction.IN), moved.total(Direction.OUT)
        return [
            f"{came.messages / seconds:.1f}",
            f"{came.bytes / seconds / 1e6:.2f}",
            f"{went.messages / seconds:.1f}",
            f"{went.bytes / seconds / 1e6:.2f}",
            _milliseconds(moved.latency.quantile_ns(0.5)),
            _milliseconds(moved.latency.quantile_ns(0.99)),
            str(sum(record.queues.values())),
            str(sum(record.lost.values())),
            str(sum(record.counters.gaps.values())),
            "" if job.cpu is None else f"{job.cpu:.0%}",
        ]


def _milliseconds(nanoseconds: float) -> str:
    return "" if math.isnan(nanoseconds) else f"{nanoseconds / 1e6:.2f}"
