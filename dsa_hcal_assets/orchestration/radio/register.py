"""A calibration set that was just judged enters the registry with its grade."""

from dsa_hcal_assets.orchestration.stage import StageRun


def register(run: StageRun) -> None:
    """Register the partition's newest calibration tables; a failed set is on record, never chosen."""
    from dsa_hcal_assets.quality.store import latest
    from dsa_hcal_assets.quality.verdicts import worst
    from dsa_hcal_assets.radio.calibration.description import SetDescription
    from dsa_hcal_assets.radio.calibration.registry import register_set

    database = run.installation.database
    product = run.installation.products.require("calibration_tables", run.partition)
    # Only what blocks makes a set unusable; advisory failures leave it usable with a warning.
    verdicts = latest(database, product.product_id)
    closed = any(verdict.stops for verdict in verdicts)
    grade = "fail" if closed else "pass" if worst(verdicts).value == "pass" else "warn"
    register_set(database, product.product_id, SetDescription.load(product.path), grade)
