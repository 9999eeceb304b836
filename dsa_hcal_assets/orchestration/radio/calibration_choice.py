"""The calibration set a group gets: chosen by the registry, seen to be whole, remembered, told.

A set whose tables are not what was published is marked as damaged and told, and the next one is
chosen. That there is none is remembered too, with its reason: as a verdict, in the registry, and as
an alert that ends once the group has been calibrated.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from dsa_hcal_assets.alerts import Alert, Severity, record
from dsa_hcal_assets.errors import BadInput, PermanentError, ProductMissing
from dsa_hcal_assets.orchestration.checks import check_results
from dsa_hcal_assets.orchestration.stage import StageRun
from dsa_hcal_assets.products.model import Product
from dsa_hcal_assets.products.store import ProductDamaged
from dsa_hcal_assets.quality import store as verdict_store
from dsa_hcal_assets.quality.judging import judge
from dsa_hcal_assets.quality.verdicts import Metric
from dsa_hcal_assets.radio.calibration.choice import Choice, Need, NoValidCalibration, choose, remember
from dsa_hcal_assets.radio.calibration.description import SetDescription
from dsa_hcal_assets.radio.calibration.registry import take_out
from dsa_hcal_assets.radio.calibration.sets import CalibrationSet
from dsa_hcal_assets.radio.observation import Observation
from dsa_hcal_assets.radio.profiles.model import Profile

STALENESS, BEYOND = "staleness_hours", "beyond_validity_hours"


def need_of(run: StageRun, observation: Observation, profile: Profile) -> Need:
    """Return what the group wants of a calibration set."""
    return Need(
        profile.name,
        observation.start + (observation.end - observation.start) / 2,
        observation.pointing_dec_deg,
        profile.calibration.declination_tolerance_deg,
        run.installation.settings.radio.calibration_max_age_hours,
    )


def usable_set(run: StageRun, need: Need) -> tuple[Choice, Product]:
    """Return the set that applies and its product, whose bytes are those that were published.

    Raises
    ------
    NoValidCalibration
        If none is left.
    """
    while True:
        choice = choose(run.installation.database, need)
        product = run.installation.products.of_id(choice.chosen.product_id)
        try:
            run.installation.products.verify(product)
            SetDescription.load(product.path)
        except (ProductDamaged, ProductMissing, BadInput) as error:
            mark_damaged(run, choice.chosen, error)
        else:
            return choice, product


def with_reason(reply: dict[str, Any], choice: Choice) -> dict[str, Any]:
    """Return a worker's reply with the choice, and why this set, in the detail of what tells its age."""
    metrics = [
        one | {"detail": choice.reason} if one["name"] in (STALENESS, BEYOND) else one
        for one in reply["metrics"]
    ]
    return {
        **reply,
        "metrics": metrics,
        "calibration": reply.get("calibration", {}) | choice.as_record(),
    }


def facts(choice: Choice) -> dict[str, str]:
    """Return what a materialisation shows of the set it was made with."""
    chosen = choice.chosen
    return {
        "calibration set": f"{chosen.set_id} of {chosen.group} ({chosen.calibrator})",
        "standing": choice.standing,
        "staleness": f"{choice.staleness_hours:.2f} h",
        "why this set": choice.reason,
    }


def mark_damaged(run: StageRun, chosen: CalibrationSet, error: PermanentError) -> None:
    """Take a set out of use whose tables cannot be read, and tell it."""
    take_out(run.installation.database, chosen.set_id, "damaged", str(error))
    run.context.log.error("calibration set %d is damaged: %s", chosen.set_id, error)
    run.installation.tell(
        Alert(
            Severity.ERROR,
            category="calibration",
            title=f"calibration set {chosen.set_id} of {chosen.group} is damaged",
            message=f"{error}\nThe next set is used in its place.",
            source="radio",
            partition=chosen.group,
            run_id=run.run_id,
            details={"set_id": chosen.set_id, "noticed_by": run.partition},
            dedup_key=f"calibration:damaged:{chosen.set_id}",
        )
    )


@contextmanager
def refusal_told(run: StageRun, need: Need) -> Iterator[None]:
    """Keep and tell that no set may be used, where the body finds so; the error goes on."""
    try:
        yield
    except NoValidCalibration as error:
        _refused(run, need, error)
        raise


def applied(run: StageRun, need: Need, choice: Choice, product: Product) -> None:
    """Keep which set the published `product` was made with; tell it when that was beyond its range."""
    database, chosen = run.installation.database, choice.chosen
    remember(
        database,
        run.partition,
        need,
        choice,
        choice.reason,
        product_id=product.product_id,
        run_id=run.run_id,
    )
    record.resolve(database, _key("none", run.partition))
    if choice.standing != "stale":
        record.resolve(database, _key("stale", need.profile))
        return
    run.installation.tell(
        Alert(
            Severity.WARNING,
            category="calibration",
            title=f"{need.profile} is calibrated with set {chosen.set_id}, beyond its range",
            message=f"{choice.reason}.\nGroups calibrated with it are listed by "
            "`dsa-hcal calibration stale` once a better set is there.",
            source="radio",
            partition=run.partition,
            run_id=run.run_id,
            details={"set_id": chosen.set_id, STALENESS: choice.staleness_hours},
            # one trouble of the telescope, however many groups it lasts
            dedup_key=_key("stale", need.profile),
        )
    )


def _refused(run: StageRun, need: Need, error: NoValidCalibration) -> None:
    installation, reason = run.installation, str(error)
    remember(installation.database, run.partition, need, None, reason, run_id=run.run_id)
    limits = installation.thresholds
    verdicts = [
        one
        for one in judge(run.name, [Metric(STALENESS, float("nan"), reason)], limits, need.profile)
        if one.metric == STALENESS
    ]
    verdict_store.record(
        installation.database, verdicts, product=None, partition=run.partition, run_id=run.run_id
    )
    for result in check_results(run.name, run.partition, verdicts):
        _show(run.context, result)
    installation.tell(
        Alert(
            Severity.ERROR,
            category="calibration",
            title=f"group {run.partition} cannot be calibrated",
            message=reason,
            source="radio",
            partition=run.partition,
            run_id=run.run_id,
            dedup_key=_key("none", run.partition),
        )
    )


def _show(context: dg.AssetExecutionContext, result: dg.AssetCheckResult) -> None:
    """Show a check's result although its asset is not made: a step that fails cannot return it."""
    if result.asset_key is None or result.check_name is None:
        return
    context.instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=result.asset_key,
            check_name=result.check_name,
            passed=result.passed,
            severity=result.severity,
            description=result.description,
            metadata=result.metadata,
        )
    )


def _key(trouble: str, of: str) -> str:
    return f"calibration:{trouble}:{of}"


def own_set_failed(run: StageRun, need: Need, reason: str) -> None:
    """Keep that a group with a calibrator got no set of its own, so that it is due with another's."""
    remember(run.installation.database, run.partition, need, None, reason, run_id=run.run_id)
