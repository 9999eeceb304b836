"""Sensors that watch an incoming directory and turn what is pending into runs.

A tick stays and polls for a bounded time, so that a file is seen at once although the sensor
daemon's own loop takes seconds. What is pending is asked of the ledger, never of a wall clock;
delivery is at least once, the effect exactly once (the ledger's constraints).
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dagster as dg
from dagster import RunsFilter

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.stage import InstallationParam

# The sensor daemon gives a tick 60 s; staying well below leaves room for a slow scan.
STAY_SECONDS = 15.0
LOOK_SECONDS = 0.5
MOST_RUNS_A_TICK = 50
WAITING = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING]


@dataclass(frozen=True)
class Work:
    """A partition with pending arrivals.

    Parameters
    ----------
    partition
        Its key.
    version
        Changes when there is something new to do for the partition, and only then.
    note
        Shown as a tag of the run ("14 snapshots, 3018 to 3031").
    """

    partition: str
    version: str
    note: str = ""


def incoming_sensor(
    name: str,
    job: dg.JobDefinition | dg.UnresolvedAssetJobDefinition,
    look: Callable[[Installation], Sequence[Work]],
    *,
    dynamic: dg.DynamicPartitionsDefinition | None = None,
    description: str,
) -> dg.SensorDefinition:
    """Make a sensor that requests one run for each partition with something new.

    Parameters
    ----------
    look
        Scans the directory into the ledger and returns partitions with pending work, oldest first.
    dynamic
        Partition set that gets the keys before their runs are requested.
    """

    @dg.sensor(
        name=name,
        job=job,
        description=description,
        minimum_interval_seconds=1,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def sensor(context: dg.SensorEvaluationContext, installation: InstallationParam) -> dg.SensorResult:
        asked: dict[str, str] = json.loads(context.cursor or "{}")
        deadline = time.monotonic() + STAY_SECONDS
        while True:
            pending = look(installation)
            fresh = [work for work in pending if asked.get(work.partition) != work.version]
            fresh = [work for work in fresh if not _run_waits(context.instance, name, work)]
            if fresh or time.monotonic() > deadline:
                break
            time.sleep(LOOK_SECONDS)
        fresh = fresh[:MOST_RUNS_A_TICK]
        # Only what is still pending is remembered: the cursor stays as small as the backlog.
        known = {work.partition for work in pending}
        asked = {key: version for key, version in asked.items() if key in known}
        asked |= {work.partition: work.version for work in fresh}
        return dg.SensorResult(
            run_requests=[_request(name, work) for work in fresh],
            dynamic_partitions_requests=(
                [dynamic.build_add_request([work.partition for work in fresh])] if dynamic and fresh else None
            ),
            cursor=json.dumps(asked),
            skip_reason=None if fresh else dg.SkipReason(f"{len(pending)} partitions pending, none of it new"),
        )

    return sensor


def _request(sensor: str, work: Work) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{sensor}:{work.partition}:{work.version}",
        partition_key=work.partition,
        tags={
            "dagster/priority": "10",
            "dsa_hcal/partition": f"{sensor}:{work.partition}",
            "dsa_hcal/work": work.note,
        },
    )


def _run_waits(instance: dg.DagsterInstance, sensor: str, work: Work) -> bool:
    # A run that has not begun takes everything pending of its partition when it does.
    tags = {"dsa_hcal/partition": f"{sensor}:{work.partition}"}
    return bool(instance.get_run_records(RunsFilter(tags=tags, statuses=WAITING), limit=1))
