"""The quick look at a group, beside the science path and not waiting for it. Partition: group."""

from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.errors import ProductMissing
from dsa_hcal_assets.orchestration.partitions import GROUPS
from dsa_hcal_assets.orchestration.radio.conversion import centre_of
from dsa_hcal_assets.orchestration.radio.worker import call, outcome, profile_of
from dsa_hcal_assets.orchestration.stage import Outcome, StageRun, stage_asset
from dsa_hcal_assets.products.model import Input, Product
from dsa_hcal_assets.radio.observation import Observation


# A group of its own in the graph: the job of new groups runs the group "radio", and must not wait.
@stage_asset(group="radio_quicklook", partitions=GROUPS, kinds={"wsclean"}, pool="quicklook")
def quicklook_image(run: StageRun) -> dg.MaterializeResult[Any]:
    """A calibrated image of the whole field soon after the last subband: light flags, little cleaning."""
    from dsa_hcal_assets.orchestration.radio.calibration_choice import (
        facts,
        need_of,
        usable_set,
        with_reason,
    )
    from dsa_hcal_assets.radio.calibration.application import NoTableHolds
    from dsa_hcal_assets.radio.calibration.choice import NoValidCalibration
    from dsa_hcal_assets.radio.quicklook.imaging_set import NotQuick

    started_at = utc_now()
    observation, seen_at = _described(run)
    profile = profile_of(run, observation)
    try:
        choice, tables = usable_set(run, need_of(run, observation, profile))
    except NoValidCalibration as error:
        return run.not_applicable(f"no calibration set applies yet: {error}")
    looked: dict[str, Any] = {}

    def make(place: Path) -> Outcome:
        reply = call(
            run,
            "quicklook.job:look",
            {
                "files": [str(one.path) for one in observation.files],
                "profile": profile.model_dump(mode="json"),
                "calibration": str(tables.path),
                "out_dir": str(place),
                "phase_centre": centre_of(observation.centre),
                "imager": run.installation.settings.radio.imager,
                "beyond_validity": choice.standing == "stale",
            },
        )
        looked.update(reply)
        shown = facts(choice) | {"imager": reply["imager"]}
        return outcome(with_reason(reply, choice), place, observation.profile, shown)

    inputs: list[Product | Input] = [Input(one.path.name, one.digest) for one in observation.files]
    try:
        result = run.publish(make, inputs=[*inputs, tables])
    except (NotQuick, NoTableHolds) as error:
        return run.not_applicable(str(error))
    known = [_landed(observation, seen_at), seen_at, started_at]
    return _with_latency(run, result, known, looked)


def _described(run: StageRun) -> tuple[Observation, datetime]:
    """Return the group as ingest remembers it, and when it was found complete."""
    from dsa_hcal_assets.orchestration.radio.calibrators import matcher_of
    from dsa_hcal_assets.radio import observation
    from dsa_hcal_assets.radio.ingest import groups
    from dsa_hcal_assets.radio.profiles.loading import profile_named

    database = run.installation.database
    group = groups.group(database, run.partition)
    if group is None:
        raise ProductMissing(f"no file of group {run.partition} ever arrived", remedy="check the key")
    profile = profile_named(group.profile, run.installation.settings.radio.profiles_dir)
    subbands = groups.subbands_of(database, run.installation.ledger, run.partition)
    described = observation.describe(run.partition, subbands, profile, matcher_of(run.installation, profile))
    return described, group.completed_at or group.last_seen


def _landed(observation: Observation, seen_at: datetime) -> datetime:
    from dsa_hcal_assets.radio.quicklook.latency import landing_of

    return landing_of((one.path for one in observation.files), seen_at)


def _with_latency(
    run: StageRun, result: dg.MaterializeResult[Any], known: list[datetime], looked: dict[str, Any]
) -> dg.MaterializeResult[Any]:
    """Keep the latency of the published quick look and show it on the materialisation.

    `known`: when the group landed, was seen and its run began; `looked`: the worker's reply.
    """
    from dsa_hcal_assets.radio.quicklook import latency

    product = run.installation.products.require(run.name, run.partition)
    worked = latency.moments_of(datetime.fromisoformat(looked["began_at"]), looked["elapsed"])
    found = latency.in_order(product.product_id, run.partition, [*known, *worked, utc_now()])
    latency.record(run.installation.database, found)
    shown = {f"seconds until {stage}": seconds for stage, seconds in found.since_landing.items()}
    return result._replace(metadata={**(result.metadata or {}), **shown})
