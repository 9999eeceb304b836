"""A calibration set as if it had been solved hours earlier or later, on record."""

import shutil
from datetime import timedelta
from pathlib import Path

from dsa_hcal_assets.clock import group_key
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.products import Provenance
from dsa_hcal_assets.products.tree import MANIFEST
from dsa_hcal_assets.quality import Level, Verdict
from dsa_hcal_assets.quality.store import record
from dsa_hcal_assets.radio.calibration.description import FILE_NAME, SetDescription
from dsa_hcal_assets.radio.calibration.registry import register_set
from dsa_hcal_assets.radio.calibration.sets import CalibrationSet


def register_moved(installation: Installation, source: Path, hours: float) -> CalibrationSet:
    """Publish and register a copy of the set in `source` that says it was observed `hours` later."""
    moved = _moved(SetDescription.load(source), timedelta(hours=hours))
    with installation.products.publishing("calibration_tables", moved.group, Provenance({}, ())) as staged:
        shutil.copytree(source, staged.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(MANIFEST))
        (staged.path / FILE_NAME).chmod(0o644)
        moved.save(staged.path)
    passed = Verdict("calibration_tables", "gain_snr", 99.0, Level.PASS, blocking=True)
    record(installation.database, [passed], product=staged.product, partition=moved.group, run_id="")
    return register_set(installation.database, staged.product.product_id, moved, "pass")


def _moved(described: SetDescription, away: timedelta) -> SetDescription:
    tables = tuple(
        one.model_copy(update={"valid_from": one.valid_from + away, "valid_until": one.valid_until + away})
        for one in described.tables
    )
    times = {name: getattr(described, name) + away for name in ("start", "centre", "end")}
    return described.model_copy(update={**times, "group": group_key(times["centre"]), "tables": tables})
