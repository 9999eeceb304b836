"""A tiny code location for the tests of the services: files that land become partitions of two assets.

A file's content says what its run is to do: ``hang`` until a file of that name appears in RELEASE,
anything else: finish at once. Marks in MARKS tell when and by whom a step was begun.
"""

import json
import os
import time
from pathlib import Path

import dagster as dg

STATE = Path(os.environ.get("DSA_HCAL_STATE_DIR", "."))
LANDING = STATE / "incoming" / "rig"
MARKS = STATE / "marks"
RELEASE = STATE / "release"
POLL_SECONDS = 12.0


@dg.asset
def landed(context: dg.AssetExecutionContext) -> None:
    _mark(context, "landed")


@dg.asset(deps=[landed])
def digested(context: dg.AssetExecutionContext) -> None:
    _mark(context, "digested")
    if (LANDING / context.run.tags["file"]).read_text() == "hang":
        while not (RELEASE / context.run.tags["file"]).exists():
            time.sleep(0.05)


def _mark(context: dg.AssetExecutionContext, step: str) -> None:
    MARKS.mkdir(exist_ok=True)
    mark = MARKS / f"{context.run.tags['file']}.{step}.{context.run_id}"
    mark.with_suffix(".part").write_text(json.dumps({"time": time.time(), "pid": os.getpid()}))
    mark.with_suffix(".part").rename(mark)


job = dg.define_asset_job("tiny", selection=[landed, digested], executor_def=dg.in_process_executor)


@dg.sensor(job=job, minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def landing(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Stay in the tick for a while and look often: the sensor daemon itself comes round every 5 s only."""
    deadline = time.monotonic() + POLL_SECONDS
    while True:
        names = sorted(path.name for path in LANDING.iterdir() if path.name > (context.cursor or ""))
        if names:
            requests = [
                dg.RunRequest(run_key=name, tags={"file": name, "dsa_hcal/partition": name}) for name in names
            ]
            return dg.SensorResult(run_requests=requests, cursor=names[-1])
        if time.monotonic() > deadline:
            return dg.SkipReason("nothing landed")
        time.sleep(0.05)


defs = dg.Definitions(assets=[landed, digested], jobs=[job], sensors=[landing])
