"""Flags, calibration tables, calibrated imaging set. Partition: group."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from dsa_hcal_assets.errors import PermanentError
from dsa_hcal_assets.orchestration.partitions import GROUPS
from dsa_hcal_assets.orchestration.radio.worker import call, observation_of, outcome, profile_of
from dsa_hcal_assets.orchestration.stage import Outcome, StageRun, stage_asset
from dsa_hcal_assets.products.model import Product
from dsa_hcal_assets.radio.observation import MS_NAME
from dsa_hcal_assets.radio.profiles.model import Profile

if TYPE_CHECKING:
    from dsa_hcal_assets.radio.calibration.choice import Choice


@stage_asset(group="radio", partitions=GROUPS, deps=["measurement_set"], kinds={"numpy"}, pool="heavy")
def flags(run: StageRun) -> dg.MaterializeResult[Any]:
    """Flags beside the immutable Measurement Set, with statistics of what was flagged and why."""
    source, observation = run.input("measurement_set"), observation_of(run)
    profile = profile_of(run, observation).model_dump(mode="json")

    def make(place: Path) -> Outcome:
        reply = call(
            run,
            "flagging.job:compute_flags",
            {"ms": str(source.path / MS_NAME), "profile": profile, "out_dir": str(place)},
        )
        return outcome(reply, place, observation.profile, {"flagged by step": reply["steps"]})

    return run.publish(make, inputs=[source], parameters=profile["flagging"])


@stage_asset(
    group="radio", partitions=GROUPS, deps=["measurement_set", "flags"], kinds={"casa"}, pool="heavy"
)
def calibration_tables(run: StageRun) -> dg.MaterializeResult[Any]:
    """Bandpass and gain tables of a group with a calibrator, registered with their validity."""
    from dsa_hcal_assets.orchestration.radio.calibration_choice import need_of, own_set_failed
    from dsa_hcal_assets.orchestration.radio.calibrators import for_solve
    from dsa_hcal_assets.orchestration.radio.register import register
    from dsa_hcal_assets.orchestration.radio.solving import Solving
    from dsa_hcal_assets.radio.calibration.fields import NoCalibrator

    ms, flagged, observation = run.input("measurement_set"), run.input("flags"), observation_of(run)
    telescope = for_solve(run.installation, profile_of(run, observation))
    solving = Solving(run, ms, flagged, observation, telescope)
    parameters = telescope.model_dump(mode="json")["calibration"]
    need = need_of(run, observation, telescope)
    try:
        result = run.publish(solving.solve, inputs=[ms, flagged], parameters=parameters)
    except NoCalibrator as error:
        return run.not_applicable(str(error))
    except PermanentError as error:
        own_set_failed(run, need, str(error))
        raise
    registered = register(run)
    if registered.qa_level == "fail":
        own_set_failed(run, need, f"set {registered.set_id} of the group itself {registered.reason}")
    return result


@stage_asset(
    group="radio",
    partitions=GROUPS,
    deps=["measurement_set", "flags", "calibration_tables"],
    kinds={"casa"},
    pool="heavy",
)
def calibrated_ms(run: StageRun) -> dg.MaterializeResult[Any]:
    """The imaging set: flags and the registry's calibration of its time applied, channels averaged."""
    from dsa_hcal_assets.orchestration.radio.calibration_choice import (
        applied,
        mark_damaged,
        need_of,
        refusal_told,
        usable_set,
    )
    from dsa_hcal_assets.radio.calibration.solutions import CaltableUnreadable

    inputs = [run.input("measurement_set"), run.input("flags")]
    observation = observation_of(run)
    profile = profile_of(run, observation)
    need = need_of(run, observation, profile)
    while True:
        with refusal_told(run, need):
            choice, tables = usable_set(run, need)
        try:
            result = run.publish(
                partial(_apply, run, profile, inputs, choice, tables),
                inputs=[*inputs, tables],
                parameters=choice.as_record(),
            )
        except CaltableUnreadable as error:
            mark_damaged(run, choice.chosen, error)
        else:
            applied(run, need, choice, run.installation.products.require(run.name, run.partition))
            return result


def _apply(
    run: StageRun, profile: Profile, inputs: Sequence[Product], choice: "Choice", tables: Product, place: Path
) -> Outcome:
    from dsa_hcal_assets.orchestration.radio.calibration_choice import facts, with_reason

    ms, flagged = inputs
    reply = call(
        run,
        "calibration.job:apply",
        {
            "ms": str(ms.path / MS_NAME),
            "flags": str(flagged.path),
            "calibration": str(tables.path),
            "profile": profile.model_dump(mode="json"),
            "out_dir": str(place),
            "beyond_validity": choice.standing == "stale",
        },
    )
    return outcome(with_reason(reply, choice), place, profile.name, facts(choice))
