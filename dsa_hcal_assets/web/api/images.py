"""``/api/images``: images of the sky, what they were judged by, and where their files are."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import Field

from dsa_hcal_assets.errors import ProductMissing
from dsa_hcal_assets.radio.imaging import images
from dsa_hcal_assets.radio.imaging.images import ImageKind, ImageRecord, Level
from dsa_hcal_assets.web.api.answers import FromRow
from dsa_hcal_assets.web.api.products import product_address, thumbnail_address
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.paging import USUAL_ITEMS, CursorText, Keyset, Limit, Number, Page
from dsa_hcal_assets.web.parameters import Identifier, Instant, Measured

_NEWEST_FIRST = Keyset(Number)


class Image(FromRow):
    """An image and the numbers it was judged by: of its worst field, where it has several.

    `grade` is A to F, `level` the worst verdict; null: not graded, not judged. A quick look is judged by
    fewer numbers.
    """

    product_id: int
    group_id: str = Field(validation_alias="group_key")
    kind: ImageKind
    version: int
    created_at: datetime
    bytes: int
    profile: str | None
    pointing_dec_deg: Measured
    noise_jy: Measured
    noise_ratio: Measured
    dynamic_range: Measured
    beam_axis_ratio: Measured
    flux_ratio: Measured
    position_offset_arcsec: Measured
    matched_sources: Measured
    grade: str | None
    level: Level | None
    gate_closed: bool
    href: str = ""
    thumbnail: str = ""

    @classmethod
    def of(cls, record: ImageRecord) -> "Image":
        """Return an image with the addresses of its product and its picture."""
        made = cls.model_validate(record)
        made.href, made.thumbnail = product_address(made.product_id), thumbnail_address(made.product_id)
        return made


class FieldOfImage(FromRow):
    """What one field shows: Jy/beam before the correction for the primary beam, positions ICRS."""

    name: str
    noise_jy: Measured
    expected_noise_jy: Measured
    peak_jy: Measured
    peak_ra_deg: Measured
    peak_dec_deg: Measured
    beam_major_arcsec: Measured
    beam_minor_arcsec: Measured
    beam_angle_deg: Measured


class ImageDetail(Image):
    """An image and its fields."""

    fields: list[FieldOfImage]


def routes(web: Web) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["radio"])

    @router.get("/api/images")
    def newest_images(
        kind: ImageKind | None = None,
        level: Annotated[Level | None, Query(description="Worst verdict")] = None,
        since: Annotated[Instant | None, Query(description="Group begins not before")] = None,
        until: Annotated[Instant | None, Query(description="Group begins before")] = None,
        limit: Limit = USUAL_ITEMS,
        cursor: CursorText = None,
    ) -> Page[Image]:
        """Current images, the one made last first."""
        (after,) = _NEWEST_FIRST.after(cursor) or (None,)
        found = images.newest_images(
            web.reader, kind, level, since=since, until=until, after=after, limit=limit + 1
        )
        return _NEWEST_FIRST.page([Image.of(one) for one in found], limit, key=lambda one: (one.product_id,))

    @router.get(
        "/api/images/{product_id}", responses={404: {"description": "No current image of this number"}}
    )
    def image(product_id: Annotated[Identifier, Path()]) -> ImageDetail:
        """One image with the measurements of its fields."""
        record = images.image_of(web.reader, product_id)
        if record is None:
            raise HTTPException(404, f"product {product_id} is no current image")
        try:
            fields = images.read_fields(web.settings.products / record.path)
        except ProductMissing as error:
            raise HTTPException(404, error.what) from error
        return ImageDetail(
            **Image.of(record).model_dump(by_alias=False),
            fields=[FieldOfImage.model_validate(one) for one in fields],
        )

    return router
