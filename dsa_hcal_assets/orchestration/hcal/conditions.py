"""Conditions for reconstruction: payload files of a UTC day, registered and put into the running tag."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from dsa_hcal_assets.errors import GateBlocked, ProductMissing
from dsa_hcal_assets.orchestration.partitions import DAYS
from dsa_hcal_assets.orchestration.stage import Outcome, StageRun, stage_asset


@stage_asset(
    group="hcal_corrections",
    partitions=DAYS,
    deps=["gain_corrections", "emcal_state"],
    kinds={"root", "parquet", "postgres"},
)
def conditions_payload(run: StageRun) -> dg.MaterializeResult[Any]:
    """Payloads of the day as ROOT and Parquet, a pair for each detector and interval of validity.

    The EMCal has some if its state of the day passed. What passes its checks is registered (`hcal.payload`)
    and added to the running tag where that has no answer yet.
    """
    from dsa_hcal_assets.hcal.conditions import making, metrics, registry, tags
    from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter
    from dsa_hcal_assets.hcal.days import bounds

    sources, chosen = [run.input("gain_corrections")], [Calorimeter.OHCAL, Calorimeter.IHCAL]
    try:
        sources.append(run.input("emcal_state"))
        chosen.append(Calorimeter.EMCAL)
    except (ProductMissing, GateBlocked) as error:
        run.context.log.info("no payload of the EMCal: %s", error)
    database, settings = run.installation.database, run.installation.settings.hcal
    max_age = timedelta(hours=settings.conditions_max_age_hours)

    def make(place: Path) -> Outcome:
        made = making.make_files(database, run.partition, place, chosen, max_age=max_age)
        return Outcome(metrics.payload_metrics(made, place))

    parameters = {"max_age_hours": settings.conditions_max_age_hours}
    result = run.publish(make, inputs=sources, parameters=parameters)
    try:
        product = run.installation.products.require_passed(run.name, run.partition)
    except GateBlocked:
        return result  # whose checks tell it
    registry.register(database, product)
    tags.ensure_running(database, settings.conditions_tag)
    tags.add(database, settings.conditions_tag, *bounds(run.partition))
    return result
