"""The groups of one UTC day with what was made of them: thumbnails, grades, verdicts, links."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import quote

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.radio.imaging.grade import letter_of

REPORT, IMAGE, QUICKLOOK = "radio_qa_report", "continuum_image", "quicklook_image"
# keys begin with the date; '~' sorts behind every character of a key
_GROUPS = """
select group_key from radio.observation_group where group_key between %(first)s and %(last)s
 union
select partition from platform.current_product
 where kind = any(%(kinds)s) and partition between %(first)s and %(last)s
 order by 1
"""
_PRODUCTS = """
select product.partition, product.kind, product.product_id, product.path
  from platform.current_product join platform.product using (product_id, kind, partition)
 where kind = any(%(kinds)s) and partition between %(first)s and %(last)s
"""
_VERDICTS = """
select product.partition, lower(latest.level), count(*),
       max(latest.value) filter (where latest.metric = 'grade')
  from platform.current_product join platform.product using (product_id, kind, partition)
 cross join lateral (
       select distinct on (stage, metric) level, metric, value from platform.verdict
        where verdict.product_id = product.product_id order by stage, metric, verdict_id desc) latest
 where partition between %(first)s and %(last)s
 group by 1, 2
"""
_NEIGHBOURS = """
select max(left(group_key, 10)) filter (where group_key < %(first)s),
       min(left(group_key, 10)) filter (where group_key > %(last)s)
  from radio.observation_group
"""


@dataclass(frozen=True)
class GroupOfDay:
    """A group: key, verdicts on its current products by level, grade of its image, addresses.

    `report`, and `pictures` by caption, are addresses of product files under ``/products``.
    """

    key: str
    verdicts: Mapping[str, int] = field(default_factory=dict)
    grade: str = ""
    report: str = ""
    pictures: Mapping[str, str] = field(default_factory=dict)

    @property
    def level(self) -> str:
        """Worst level of its verdicts; empty without any."""
        return next((level for level in ("fail", "warn", "pass") if self.verdicts.get(level)), "")


def groups_of(database: Database, root: Path, day: date) -> list[GroupOfDay]:
    """Return the groups whose first integration lies on `day`, by time; `root` holds the products."""
    asked = {**_span(day), "kinds": [REPORT, IMAGE, QUICKLOOK]}
    with database.transaction() as cursor:
        cursor.execute(_GROUPS, asked)
        keys = [str(key) for (key,) in cursor.fetchall()]
        cursor.execute(_PRODUCTS, asked)
        products = {(key, kind): (number, root / path) for key, kind, number, path in cursor.fetchall()}
        cursor.execute(_VERDICTS, asked)
        judged = cursor.fetchall()
    found = []
    for key in keys:
        mine = [(level, count, points) for partition, level, count, points in judged if partition == key]
        points = [value for _, _, value in mine if value is not None]
        found.append(
            GroupOfDay(
                key,
                verdicts={level: count for level, count, _ in mine},
                grade=letter_of(points[0]) if points else "",
                report=next(iter(_files(products.get((key, REPORT)), "*.html")), ""),
                pictures={
                    caption: address
                    for caption, kind in (("image", IMAGE), ("quick look", QUICKLOOK))
                    for address in _files(products.get((key, kind)), "**/image.png")[:1]
                },
            )
        )
    return found


def neighbours(database: Database, day: date) -> tuple[str | None, str | None]:
    """Return the nearest days before and after with groups, YYYY-MM-DD."""
    ((before, after),) = database.rows(_NEIGHBOURS, _span(day))
    return before, after


def _span(day: date) -> dict[str, str]:
    return {"first": f"{day}T", "last": f"{day}T~"}


def _files(product: tuple[int, Path] | None, pattern: str) -> list[str]:
    if product is None:
        return []
    number, directory = product
    return [
        f"/products/{number}/{quote(str(path.relative_to(directory)))}"
        for path in sorted(directory.glob(pattern))
    ]
