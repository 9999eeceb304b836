"""Files of products over HTTP: read-only, and nothing outside a product's own directory."""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.web.parameters import LARGEST_ID

_PATH = "select path from platform.product where product_id = %s"
_REPORTS = """
select product.product_id, product.kind, product.partition, product.created_at, product.path,
       (select count(*) from (
            select distinct on (stage, metric) lower(level) as level, blocking from platform.verdict
             where verdict.product_id = product.product_id order by stage, metric, verdict_id desc) latest
         where latest.blocking and latest.level = 'fail')
  from platform.current_product join platform.product using (product_id, kind, partition)
 where kind = any(%s)
 order by product.created_at desc
 limit %s
"""
REPORT_KINDS = ("radio_qa_report", "detector_qa_report", "rig_kpis")


@dataclass(frozen=True)
class ReportLink:
    """A QA report a reader may open."""

    product_id: int
    kind: str
    partition: str
    created_at: datetime
    file: str
    gates_closed: int


def product_directory(database: Database, root: Path, product_id: int) -> Path | None:
    """Return the directory of a published version; None when there is no such version."""
    if not 0 < product_id <= LARGEST_ID:
        return None
    found = database.rows(_PATH, (product_id,))
    return root / str(found[0][0]) if found else None


def inside(directory: Path, path: str) -> Path | None:
    """Return the file or directory `path` of a product; None unless it lies inside.

    Absolute paths, ``..``, links that lead elsewhere, special files and names no file can have are
    all answered like a file that does not exist.
    """
    if "\0" in path:
        return None
    try:
        base = directory.resolve(strict=True)
        found = (base / path).resolve(strict=True)
    except (OSError, RuntimeError):  # too long, a loop of links, or not there
        return None
    if not found.is_relative_to(base):
        return None
    return found if found.is_file() or found.is_dir() else None


def listing(directory: Path) -> list[str]:
    """Return the names in a directory of a product, sorted; directories end with a slash."""
    with os.scandir(directory) as entries:
        return sorted(
            f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name for entry in entries
        )


def newest_reports(database: Database, root: Path, limit: int = 20) -> list[ReportLink]:
    """Return the newest current QA reports whose files are there."""
    links = []
    for product_id, kind, partition, created_at, path, closed in database.rows(
        _REPORTS, (list(REPORT_KINDS), limit)
    ):
        pages = sorted((root / path).glob("*.html"))
        if pages:
            links.append(ReportLink(product_id, kind, partition, created_at, pages[0].name, closed))
    return links
