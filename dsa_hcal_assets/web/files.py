"""``/products/...``: files of published products."""

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import FileResponse, JSONResponse

from dsa_hcal_assets.web import product_files
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.etags import TaggedFile

# Pages of products carry their styles and pictures inside and need nothing else.
_CONTENT_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
)


def routes(web: Web) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["products"])
    root = web.settings.products

    @router.get(
        "/products/{product_id}/{path:path}",
        response_class=FileResponse,
        responses={404: {"description": "No such product, or no such file of it"}},
    )
    def product_file(product_id: int, path: str) -> Response:
        """A file of a published product, or the names in one of its directories."""
        directory = product_files.product_directory(web.reader, root, product_id)
        if directory is None:
            raise HTTPException(404, f"there is no product {product_id}")
        found = product_files.inside(directory, path)
        if found is None:
            raise HTTPException(404, f"product {product_id} has no file of that name")
        headers = {"Content-Security-Policy": _CONTENT_POLICY, "X-Content-Type-Options": "nosniff"}
        if found.is_dir():
            return JSONResponse(
                {"product_id": product_id, "files": product_files.listing(found)}, headers=headers
            )
        return TaggedFile(found, headers)

    return router
