"""Images on record: what each was judged by, and what its fields show."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from dsa_hcal_assets.clock import group_key
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import ProductMissing
from dsa_hcal_assets.radio.imaging.grade import letter_of

ImageKind = Literal["continuum_image", "quicklook_image"]
Level = Literal["pass", "warn", "fail"]

_COLUMNS = """
select product_id, kind, group_key, version, path, bytes, created_at, profile, pointing_dec_deg, noise_jy,
       noise_ratio, dynamic_range, beam_axis_ratio, flux_ratio, position_offset_arcsec, matched_sources,
       grade_points, level, gate_closed
  from radio.image
"""
# Few verdicts are no pass, and these have an index: images without any of that level are not looked at.
_NEWEST = f"""{_COLUMNS}
 where (%(kind)s is null or kind = %(kind)s) and (%(level)s is null or level = %(level)s)
   and (%(level)s is null or %(level)s = 'pass'
        or product_id in (select product_id from platform.verdict where lower(level) = %(level)s))
   and (%(since)s is null or group_key >= %(since)s) and (%(until)s is null or group_key < %(until)s)
   and (%(after)s is null or product_id < %(after)s)
 order by product_id desc limit %(limit)s
"""  # noqa: S608 - made of constants
_ONE = f"{_COLUMNS} where product_id = %s"


@dataclass(frozen=True)
class ImageRecord:
    """A current image; columns of ``radio.image`` (see their comments there)."""

    product_id: int
    kind: ImageKind
    group_key: str
    version: int
    path: str
    bytes: int
    created_at: datetime
    profile: str | None
    pointing_dec_deg: float | None
    noise_jy: float | None
    noise_ratio: float | None
    dynamic_range: float | None
    beam_axis_ratio: float | None
    flux_ratio: float | None
    position_offset_arcsec: float | None
    matched_sources: float | None
    grade_points: float | None
    level: Level | None
    gate_closed: bool

    @property
    def grade(self) -> str | None:
        """A to F; None: not graded."""
        return None if self.grade_points is None else letter_of(self.grade_points)


@dataclass(frozen=True)
class FieldFacts:
    """What the image of one field shows.

    Flux densities Jy/beam, as they appear (before the correction for the primary beam); peak ICRS, deg.
    """

    name: str
    noise_jy: float
    expected_noise_jy: float
    peak_jy: float
    peak_ra_deg: float
    peak_dec_deg: float
    beam_major_arcsec: float
    beam_minor_arcsec: float
    beam_angle_deg: float

    @classmethod
    def of(cls, name: str, measured: Mapping[str, Any]) -> "FieldFacts":
        """Return the facts of a field from its measurements."""
        return cls(
            name,
            measured["rms"],
            measured["expected_noise"],
            measured["peak"],
            measured["peak_ra_deg"],
            measured["peak_dec_deg"],
            measured["beam_major_arcsec"],
            measured["beam_minor_arcsec"],
            measured["beam_angle_deg"],
        )


def newest_images(
    database: Database,
    kind: ImageKind | None = None,
    level: Level | None = None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    after: int | None = None,
    limit: int = 100,
) -> list[ImageRecord]:
    """Return the images that were made last, newest first.

    Parameters
    ----------
    database
        Where they are on record.
    kind, level
        Only images of this kind, whose worst verdict is this.
    since, until
        Only images of groups that begin not before, and before, these moments.
    after
        Only images behind the one of this product.
    limit
        Most images.
    """
    rows = database.rows(
        _NEWEST,
        {
            "kind": kind,
            "level": level,
            "since": since and group_key(since),
            "until": until and group_key(until),
            "after": after,
            "limit": limit,
        },
    )
    return [ImageRecord(*row) for row in rows]


def image_of(database: Database, product_id: int) -> ImageRecord | None:
    """Return the current image of this product; None if it is none."""
    rows = database.rows(_ONE, (product_id,))
    return ImageRecord(*rows[0]) if rows else None


def read_fields(directory: Path) -> list[FieldFacts]:
    """Return what the fields of a published image show, in the order they were imaged.

    Raises
    ------
    ProductMissing
        If the measurements cannot be read.
    """
    whole, quick = directory / "measurements.json", directory / "quicklook.json"
    try:
        if quick.is_file():
            return [FieldFacts.of("whole field", json.loads(quick.read_text("utf-8"))["measured"])]
        fields = json.loads(whole.read_text("utf-8"))["fields"]
        return [FieldFacts.of(name, measured) for name, measured in fields.items()]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ProductMissing(
            f"the measurements of image {directory.parent.name}/{directory.name} cannot be read",
            found=type(error).__name__,
            remedy="`dsa-hcal doctor` tells whether the product tree is whole",
        ) from error
