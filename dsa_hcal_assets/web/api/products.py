"""``/api/products``: published versions with their verdicts, provenance, files and pictures."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Path, Query
from fastapi.responses import FileResponse, Response, StreamingResponse
from pydantic import BaseModel

from dsa_hcal_assets.products import listing, manifest
from dsa_hcal_assets.products.listing import Version
from dsa_hcal_assets.products.manifest import BadManifest
from dsa_hcal_assets.products.tree import MANIFEST, Entry
from dsa_hcal_assets.quality import store as verdicts
from dsa_hcal_assets.web import product_files
from dsa_hcal_assets.web.api.answers import FromRow
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.etags import TaggedFile
from dsa_hcal_assets.web.paging import USUAL_ITEMS, CursorText, Keyset, Limit, Number, Page, offsets
from dsa_hcal_assets.web.parameters import Identifier, Instant, Measured, Word
from dsa_hcal_assets.web.product_archive import tar_of

_NEWEST_FIRST = Keyset(Number)
_PICTURES = (".png", ".jpg")


class Product(FromRow):
    """A published version.

    `current`: readers get it; `level`: the worst verdict, null: not judged; `closed_by`: blocking checks
    that failed, with any of which nothing downstream may use it; `missing_since`: its bytes are gone.
    """

    product_id: int
    kind: str
    partition: str
    version: int
    created_at: datetime
    bytes: int
    checksum: str
    code_version: str
    run_id: str
    current: bool
    missing_since: datetime | None
    level: str | None
    closed_by: list[str]
    href: str = ""

    @classmethod
    def of(cls, version: Version) -> "Product":
        """Return a version with its address."""
        made = cls.model_validate(version)
        made.href = product_address(made.product_id)
        return made


class Input(BaseModel):
    """What a version was made from."""

    name: str
    checksum: str


class Judgement(FromRow):
    """The verdict that counts of one metric; `limit`: what the value was held against, for people."""

    stage: str
    metric: str
    value: Measured
    unit: str
    level: str
    blocking: bool
    limit: str
    description: str
    detail: str


class ProductDetail(Product):
    """A version with what it was made with and from, and its verdicts."""

    parameters: dict[str, Any]
    inputs: list[Input]
    verdicts: list[Judgement]
    files: str
    archive: str
    thumbnail: str


class ProductFile(BaseModel):
    """A file of a version, and where it is downloaded."""

    path: str
    bytes: int
    sha256: str
    href: str


def product_address(product_id: int) -> str:
    """Return where a version is told in full."""
    return f"/api/products/{product_id}"


def thumbnail_address(product_id: int) -> str:
    """Return where the picture of a version is; 404 for one without pictures."""
    return f"{product_address(product_id)}/thumbnail"


def artifacts(web: Web, product_id: int, path: str) -> list[ProductFile]:
    """Return the pages, pictures and images of a version whose directory is `path`; none if it is gone."""
    try:
        entries = manifest.read(web.settings.products / path).contents.entries
    except BadManifest:
        return []
    return [_file(product_id, one) for one in entries if one.path.endswith((*_PICTURES, ".html", ".fits"))]


def routes(web: Web) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["products"])

    def found(product_id: int) -> Version:
        version = listing.version_of(web.reader, product_id)
        if version is None:
            raise HTTPException(404, f"there is no product {product_id}")
        return version

    def files_of(version: Version) -> Sequence[Entry]:
        try:
            return manifest.read(web.settings.products / version.path).contents.entries
        except BadManifest as error:
            raise HTTPException(404, f"the files of product {version.product_id} are gone") from error

    @router.get("/api/products")
    def products(
        kind: Annotated[Word | None, Query(description="Such as continuum_image")] = None,
        partition: Annotated[Word | None, Query(description="Group or UTC day")] = None,
        since: Annotated[Instant | None, Query(description="Made not before")] = None,
        until: Annotated[Instant | None, Query(description="Made before")] = None,
        current: Annotated[bool, Query(description="Only versions readers get")] = False,
        limit: Limit = USUAL_ITEMS,
        cursor: CursorText = None,
    ) -> Page[Product]:
        """Published versions, the newest first."""
        (after,) = _NEWEST_FIRST.after(cursor) or (None,)
        versions = listing.newest_versions(
            web.reader,
            kind,
            partition,
            since=since,
            until=until,
            current_only=current,
            after=after,
            limit=limit + 1,
        )
        return _NEWEST_FIRST.page(
            [Product.of(one) for one in versions], limit, key=lambda one: (one.product_id,)
        )

    @router.get("/api/products/{product_id}", responses={404: {"description": "No such product"}})
    def product(product_id: Annotated[Identifier, Path()]) -> ProductDetail:
        """One version with parameters, inputs and the verdicts that count."""
        version = Product.of(found(product_id))
        parameters, inputs = listing.made_from(web.reader, product_id)
        return ProductDetail(
            **dict(version),
            parameters=dict(parameters),
            inputs=[Input(**one) for one in inputs],
            verdicts=[Judgement.model_validate(one) for one in verdicts.latest(web.reader, product_id)],
            files=f"{version.href}/files",
            archive=f"{version.href}/archive",
            thumbnail=thumbnail_address(product_id),
        )

    @router.get(
        "/api/products/{product_id}/files",
        responses={404: {"description": "No such product, or its files are gone"}},
    )
    def files(
        product_id: Annotated[Identifier, Path()], limit: Limit = USUAL_ITEMS, cursor: CursorText = None
    ) -> Page[ProductFile]:
        """Files of a version, by path, with checksums and where they are downloaded."""
        entries = files_of(found(product_id))
        return offsets([_file(product_id, one) for one in entries], limit, cursor)

    @router.get(
        "/api/products/{product_id}/archive",
        response_class=StreamingResponse,
        responses={
            200: {"content": {"application/x-tar": {}}},
            404: {"description": "No such product, or its files are gone"},
        },
    )
    def archive(product_id: Annotated[Identifier, Path()]) -> Response:
        """All files of a version with their manifest, as one tar archive."""
        version = found(product_id)
        names = [one.path for one in files_of(version)]
        top = f"{version.kind}-{version.partition}-v{version.version:04d}".replace(":", "")
        file_name = quote(f"{top}.tar", safe="")
        return StreamingResponse(
            tar_of(web.settings.products / version.path, [*names, MANIFEST], top),
            media_type="application/x-tar",
            headers={"Content-Disposition": f"attachment; filename*=UTF-8''{file_name}"},
        )

    @router.get(
        "/api/products/{product_id}/thumbnail",
        response_class=FileResponse,
        responses={
            200: {"content": {"image/png": {}, "image/jpeg": {}}},
            404: {"description": "No picture of it"},
        },
    )
    def thumbnail(product_id: Annotated[Identifier, Path()]) -> Response:
        """The picture that shows a version best: its image's, else its first."""
        version = found(product_id)
        picture = _picture([one.path for one in files_of(version)])
        directory = web.settings.products / version.path
        path = product_files.inside(directory, picture) if picture else None
        if path is None:
            raise HTTPException(404, f"product {product_id} has no picture")
        return TaggedFile(path, headers={"X-Content-Type-Options": "nosniff"})

    return router


def _file(product_id: int, entry: Entry) -> ProductFile:
    # names of files may hold bytes that are no text; they are shown, and found again by these
    name = entry.path.encode("utf-8", "surrogateescape")
    return ProductFile(
        path=name.decode("utf-8", "replace"),
        bytes=entry.size,
        sha256=entry.sha256,
        href=f"/products/{product_id}/{quote(name)}",
    )


def _picture(paths: Sequence[str]) -> str | None:
    """Return the path of the picture to show first; None without any."""
    pictures = [one for one in paths if one.endswith(_PICTURES)]
    return min(pictures, key=lambda one: (PurePosixPath(one).name != "image.png", one), default=None)
