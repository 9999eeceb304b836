"""Sensors that watch an incoming directory and turn what is pending into runs.

A tick stays and polls for a bounded time, so that a file is seen at once although the sensor
daemon's own loop takes seconds. What is pending is asked of the ledger; delivery is at least once,
the effect exactly once (the ledger's constraints). What is being taken now goes first; a backlog
follows oldest first, in part of the slots only (`BACKLOG_TAG`, limited in services/dagster.yaml).
"""

import time
from collections.abc import Callable, Sequence
from itertools import islice

import dagster as dg

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.asked import AskedBook, Work
from dsa_hcal_assets.orchestration.lost import PARTITION_TAG, lost_runs
from dsa_hcal_assets.orchestration.observed import trace_tags
from dsa_hcal_assets.orchestration.quarantined import tell_quarantined
from dsa_hcal_assets.orchestration.stage import InstallationParam

# The sensor daemon gives a tick 60 s; staying well below leaves room for a slow scan.
STAY_SECONDS = 15.0
LOOK_SECONDS = 0.5
UNHURRIED_SECONDS = 10
MOST_RUNS_A_TICK = 50
LIVE_PRIORITY, BACKLOG_PRIORITY = "10", "5"
BACKLOG_TAG = "dsa_hcal/backlog"
WAITING = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING]
UNFINISHED = [*WAITING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def incoming_sensor(
    name: str,
    job_name: str,
    look: Callable[[Installation], Sequence[Work]],
    *,
    source: str,
    dynamic: dg.DynamicPartitionsDefinition | None = None,
    urgent: bool = True,
    description: str,
) -> dg.SensorDefinition:
    """Make a sensor that requests one run for each partition with something new.

    Parameters
    ----------
    look
        Scans the directory into the ledger and returns partitions with pending work, oldest first.
    source
        What the ledger calls files of this directory; those that go to quarantine are told.
    dynamic
        Partition set that gets the keys before their runs are requested.
    urgent
        Whether a file is to be seen at once: a tick then stays, and holds a thread of the daemon, of
        which there are few. Otherwise a tick looks once, some `UNHURRIED_SECONDS` apart.
    """

    @dg.sensor(
        name=name,
        job_name=job_name,
        description=description,
        minimum_interval_seconds=1 if urgent else UNHURRIED_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def sensor(context: dg.SensorEvaluationContext, installation: InstallationParam) -> dg.SensorResult:
        book = AskedBook(context.cursor)
        deadline = time.monotonic() + (STAY_SECONDS if urgent else 0)
        lost = lost_runs(context.instance, name, utc_now())
        while True:
            pending = look(installation)
            due = _due(context.instance, name, book, pending)
            if due or lost or time.monotonic() >= deadline:
                break
            time.sleep(LOOK_SECONDS)
        tell_quarantined(installation, source)
        for work, attempt in due:
            book.remember(work, attempt, time.time())
        keys = [work.partition for work, _ in due]
        again = [_again(name, run) for run in lost if run.tags["dagster/partition"] not in keys]
        return dg.SensorResult(
            run_requests=[*(_request(installation, name, work, attempt) for work, attempt in due), *again],
            dynamic_partitions_requests=[dynamic.build_add_request(keys)] if dynamic and keys else None,
            cursor=book.cursor(pending),
            skip_reason=None
            if due or again
            else dg.SkipReason(f"{len(pending)} partitions pending, none of it new"),
        )

    return sensor


def _due(
    instance: dg.DagsterInstance, sensor: str, book: AskedBook, pending: Sequence[Work]
) -> list[tuple[Work, int]]:
    now = time.time()
    live_first = sorted(pending, key=lambda work: not work.live)
    asked = [(work, book.attempt(work, now)) for work in live_first]
    due = [(work, attempt) for work, attempt in asked if attempt is not None]
    free = (
        (work, attempt)
        for work, attempt in due
        # A run that has not begun takes everything pending of its partition when it does; a repeated
        # request also waits for a run that is at work.
        if not _has_run(instance, sensor, work, WAITING if attempt == 1 else UNFINISHED)
    )
    return list(islice(free, MOST_RUNS_A_TICK))


def _has_run(
    instance: dg.DagsterInstance, sensor: str, work: Work, statuses: Sequence[dg.DagsterRunStatus]
) -> bool:
    wanted = dg.RunsFilter(tags={PARTITION_TAG: f"{sensor}:{work.partition}"}, statuses=statuses)
    return bool(instance.get_run_records(wanted, limit=1))


def _request(installation: Installation, sensor: str, work: Work, attempt: int) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{sensor}:{work.partition}:{work.version}:{attempt}",
        partition_key=work.partition,
        tags={
            "dagster/priority": LIVE_PRIORITY if work.live else BACKLOG_PRIORITY,
            PARTITION_TAG: f"{sensor}:{work.partition}",
            "dsa_hcal/work": work.note,
        }
        | trace_tags(installation.settings, sensor, work.partition)
        | ({} if work.live else {BACKLOG_TAG: sensor}),
    )


def _again(sensor: str, run: dg.DagsterRun) -> dg.RunRequest:
    """Ask for the whole partition once more: what its lost run had made becomes an older version."""
    return dg.RunRequest(
        run_key=f"{sensor}:lost:{run.run_id}",
        partition_key=run.tags["dagster/partition"],
        tags={
            "dagster/priority": run.tags.get("dagster/priority", LIVE_PRIORITY),
            PARTITION_TAG: run.tags[PARTITION_TAG],
            "dsa_hcal/work": f"run {run.run_id} died and was not retried",
        }
        | {tag: value for tag, value in run.tags.items() if tag == BACKLOG_TAG},
    )
