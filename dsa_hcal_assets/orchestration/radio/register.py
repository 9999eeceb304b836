"""A calibration set that was just judged enters the registry with its grade."""

from dsa_hcal_assets.orchestration.stage import StageRun
from dsa_hcal_assets.radio.calibration.sets import CalibrationSet


def register(run: StageRun) -> CalibrationSet:
    """Register the partition's newest calibration tables; a failed set is on record, never chosen."""
    from dsa_hcal_assets.quality.store import latest
    from dsa_hcal_assets.radio.calibration.description import SetDescription
    from dsa_hcal_assets.radio.calibration.grading import grade
    from dsa_hcal_assets.radio.calibration.registry import register_set

    database = run.installation.database
    product = run.installation.products.require("calibration_tables", run.partition)
    level, reason = grade(latest(database, product.product_id))
    described = SetDescription.load(product.path)
    return register_set(database, product.product_id, described, level, reason=reason)
