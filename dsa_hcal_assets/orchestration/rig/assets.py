"""The rig's assets. Partition: UTC day."""

from pathlib import Path
from typing import Any

import dagster as dg

from dsa_hcal_assets.errors import ProductMissing
from dsa_hcal_assets.orchestration.partitions import DAYS
from dsa_hcal_assets.orchestration.stage import Outcome, StageRun, stage_asset
from dsa_hcal_assets.products.model import Input

PROCESSED_FILE = "processed.csv"


@stage_asset(group="rig", partitions=DAYS, kinds={"postgres"})
def rig_readings(run: StageRun) -> dg.MaterializeResult[Any]:
    """Readings of the day as delivered, in PostgreSQL (`rig.delivered`) and as one raw CSV."""
    from dsa_hcal_assets.rig import checks, loading

    installation = run.installation
    report = loading.load_day(installation.database, installation.ledger, run.partition, run.run_id)
    raw = loading.raw_day(installation.database, run.partition)

    def make(place: Path) -> Outcome:
        raw.frame.to_csv(place / "raw.csv", index=False)
        facts = {"rows": len(raw.frame), "files": len(raw.files), "refused files": len(report.rejected)}
        return Outcome(checks.readings_metrics(raw.frame), facts=facts)

    return run.publish(make, inputs=[Input(name, digest) for name, digest in raw.files])


@stage_asset(group="rig", partitions=DAYS, deps=["rig_readings"], kinds={"pandas", "postgres"})
def rig_clean(run: StageRun) -> dg.MaterializeResult[Any]:
    """Cleaned readings with z-scores and alerts: `rig.reading` and the processed CSV."""
    from dsa_hcal_assets.rig import checks, cleaning, compatibility, csv_text, loading, report, tables

    installation, settings = run.installation, run.installation.settings.rig
    source = run.input("rig_readings")
    raw = loading.raw_day(installation.database, run.partition)
    result = cleaning.clean(raw.frame, settings)
    tables.store_clean(installation.database, run.partition, result, through=raw.through, run_id=run.run_id)
    text = csv_text.processed_text(result.frame)
    if settings.processed_file is not None:
        compatibility.write_processed_file(
            installation.database, run.partition, text, settings.processed_file
        )

    def make(place: Path) -> Outcome:
        (place / PROCESSED_FILE).write_bytes(text)
        return Outcome(
            checks.clean_metrics(result),
            figures=report.figures(result, settings),
            facts={"kept": result.kept, "delivered": result.total},
        )

    return run.publish(make, inputs=[source], parameters=settings.model_dump(mode="json"))


@stage_asset(group="rig", partitions=DAYS, deps=["rig_clean"], kinds={"postgres"})
def rig_kpis(run: StageRun) -> dg.MaterializeResult[Any]:
    """Key figures of the day (`rig.kpi`) and the rig's QA report."""
    from dsa_hcal_assets.rig import checks, kpis, report, tables

    database, settings = run.installation.database, run.installation.settings.rig
    sources = [run.input("rig_readings"), run.input("rig_clean")]
    result = tables.read_clean(database, run.partition)
    if result is None:
        raise ProductMissing(
            f"rig.cleaned_day has no row for {run.partition}", remedy="materialise rig_clean"
        )
    figures = kpis.kpis(result)
    tables.store_kpis(database, run.partition, figures, run_id=run.run_id)
    outcome = Outcome(checks.kpi_metrics(figures, result), facts=figures.as_json())

    def make(place: Path) -> Outcome:
        verdicts = [*run.earlier_verdicts(sources), *run.verdicts(outcome)]
        text = report.report(run.partition, verdicts, result, figures, settings, run.provenance(sources))
        (place / "report.html").write_text(text, encoding="utf-8")
        return outcome

    return run.publish(make, inputs=sources)
