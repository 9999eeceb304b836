"""Flags, calibration tables, calibrated imaging set. Partition: group."""

from pathlib import Path
from typing import Any

import dagster as dg

from dsa_hcal_assets.orchestration.partitions import GROUPS
from dsa_hcal_assets.orchestration.radio.worker import call, observation_of, outcome, profile_of
from dsa_hcal_assets.orchestration.stage import Outcome, StageRun, stage_asset
from dsa_hcal_assets.radio.observation import MS_NAME


@stage_asset(group="radio", partitions=GROUPS, deps=["measurement_set"], kinds={"casa"}, pool="heavy")
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
    from dsa_hcal_assets.orchestration.radio.register import register
    from dsa_hcal_assets.radio.calibration.fields import NoCalibrator

    ms, flagged, observation = run.input("measurement_set"), run.input("flags"), observation_of(run)
    profile = profile_of(run, observation).model_dump(mode="json")

    def make(place: Path) -> Outcome:
        reply = call(
            run,
            "calibration.job:solve",
            {
                "ms": str(ms.path / MS_NAME),
                "flags": str(flagged.path),
                "profile": profile,
                "out_dir": str(place),
                "group": run.partition,
                "pointing_dec_deg": observation.pointing_dec_deg,
                "imager": run.installation.settings.radio.imager,
            },
        )
        fluxes = {
            one["field"]: f"{one['jy']:.4f} Jy, {one['origin']}" for one in reply["set"]["flux_densities"]
        }
        return outcome(reply, place, observation.profile, {"flux densities": fluxes})

    try:
        result = run.publish(make, inputs=[ms, flagged], parameters=profile["calibration"])
    except NoCalibrator as error:
        return run.not_applicable(str(error))
    register(run)
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
    from dsa_hcal_assets.radio.calibration.registry import set_for

    ms, flagged, observation = run.input("measurement_set"), run.input("flags"), observation_of(run)
    profile = profile_of(run, observation).model_dump(mode="json")
    middle = observation.start + (observation.end - observation.start) / 2
    chosen = set_for(run.installation.database, observation.profile, middle)
    tables = run.installation.products.of_id(chosen.product_id)

    def make(place: Path) -> Outcome:
        reply = call(
            run,
            "calibration.job:apply",
            {
                "ms": str(ms.path / MS_NAME),
                "flags": str(flagged.path),
                "calibration": str(tables.path),
                "profile": profile,
                "out_dir": str(place),
            },
        )
        facts = {
            "calibration set": f"{chosen.set_id} of {chosen.group} ({chosen.calibrator})",
            "staleness": f"{reply['staleness_hours']:.2f} h",
        }
        return outcome(reply, place, observation.profile, facts)

    return run.publish(make, inputs=[ms, flagged, tables])
