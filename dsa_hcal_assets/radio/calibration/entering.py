"""A directory of caltables that exists already becomes a product and a set on record."""

import shutil
from pathlib import Path
from typing import Any

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.products.model import Provenance
from dsa_hcal_assets.products.store import ProductStore
from dsa_hcal_assets.quality.judging import judge
from dsa_hcal_assets.quality.store import record
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.quality.verdicts import Metric, Verdict
from dsa_hcal_assets.radio.calibration.description import SetDescription
from dsa_hcal_assets.radio.calibration.grading import grade
from dsa_hcal_assets.radio.calibration.inspection import require_transit
from dsa_hcal_assets.radio.calibration.registry import register_set
from dsa_hcal_assets.radio.calibration.sets import CalibrationSet
from dsa_hcal_assets.radio.profiles.model import Profile

KIND = "calibration_tables"


def enter(
    directory: Path,
    metrics: list[dict[str, Any]],
    profile: Profile,
    thresholds: Thresholds,
    products: ProductStore,
    database: Database,
    reason: str,
) -> tuple[CalibrationSet, list[Verdict]]:
    """Copy a set into the product tree, judge and register it.

    Parameters
    ----------
    directory
        ``set.json`` and its caltables; it is only read.
    metrics
        What `inspection.inspect` measured of it.
    profile
        Telescope it is of.
    thresholds, products, database
        The installation's.
    reason
        Kept in the set's history.

    Returns
    -------
    tuple
        The set (retired, if a blocking check failed) and its verdicts.

    Raises
    ------
    BadInput
        If the set cannot be read, or its times cannot be true.
    """
    described = SetDescription.load(directory)
    require_transit(described, profile)
    provenance = Provenance({"registered from": str(directory)}, ())
    with products.publishing(KIND, described.group, provenance) as staged:
        shutil.copytree(directory, staged.path, dirs_exist_ok=True)
    verdicts = judge(KIND, [Metric(**one) for one in metrics], thresholds, profile.name)
    record(database, verdicts, product=staged.product, partition=described.group, run_id="")
    level, failed = grade(verdicts)
    found = register_set(database, staged.product.product_id, described, level, reason=failed or reason)
    return found, verdicts
