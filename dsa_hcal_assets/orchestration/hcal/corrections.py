"""Gain corrections of a UTC day, made when the day is over and its state passed."""

from pathlib import Path
from typing import Any

import dagster as dg

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.asked import Work
from dsa_hcal_assets.orchestration.incoming import incoming_sensor
from dsa_hcal_assets.orchestration.partitions import DAYS
from dsa_hcal_assets.orchestration.stage import Outcome, StageRun, stage_asset


def _of_any_run(kind: str) -> dg.AssetDep:
    """Return the dependency of a day on runs: not only those of the day count."""
    return dg.AssetDep(kind, partition_mapping=dg.AllPartitionMapping())


@stage_asset(
    group="hcal_corrections",
    partitions=DAYS,
    deps=["tower_state", "detector_anomalies", *map(_of_any_run, ("led_runs", "pedestal_runs"))],
    kinds={"parquet", "postgres"},
)
def gain_corrections(run: StageRun) -> dg.MaterializeResult[Any]:
    """Gain correction of each tower and interval of the day (`hcal.gain_correction`), and its bad channels.

    Refused while the day's coverage or sanity failed. LED runs count that passed their checks.
    """
    from dsa_hcal_assets.hcal.corrections import bad_channels, correcting, correction_metrics
    from dsa_hcal_assets.quality.verdicts import gate

    sources = [run.input(kind) for kind in ("tower_state", "detector_anomalies")]
    database, settings = run.installation.database, run.installation.settings.corrections
    bad_channels.update_from_temperatures(database, run.partition, settings)
    made = correcting.correct_day(database, run.partition, settings)
    number = correcting.store(database, made, run.run_id)
    outcome = Outcome(
        correction_metrics.correction_metrics(database, made),
        figures=correction_metrics.pictures(made),
        facts={"correction set": number, "reference run": made.parameters["reference_run"]},
    )

    def make(place: Path) -> Outcome:
        made.rows.to_parquet(place / "corrections.parquet", index=False)
        bad = bad_channels.bad_channels_during(database, run.partition)
        bad.to_csv(place / "bad_channels.csv", index=False)
        return outcome

    result = run.publish(make, inputs=sources, parameters=made.parameters)
    correcting.judged(database, number, gate(run.verdicts(outcome)))
    return result


corrections_job = dg.define_asset_job("hcal_corrections", dg.AssetSelection.groups("hcal_corrections"))


def look(installation: Installation) -> list[Work]:
    """Return the days that are over, passed, and not corrected since they last changed."""
    from dsa_hcal_assets.clock import utc_now
    from dsa_hcal_assets.hcal.corrections import due

    days = due.due_days(installation.database, installation.products, utc_now())
    return [Work(one.day, one.version, one.note) for one in days]


corrections_sensor = incoming_sensor(
    "hcal_corrections_sensor",
    corrections_job.name,
    look,
    source="runs",
    urgent=False,
    description="Asks for the gain corrections of days that are over.",
)
