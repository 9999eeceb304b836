"""Scripts, styles and icons of the pages, below an address that names their content.

They are small, read once and kept. Since any change of any file changes the address of all, browsers may
keep them for ever, and a page never meets scripts of another version.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, HTTPException, Response

from dsa_hcal_assets.web.context import Web

ROOT = "/dashboard/assets"
_DIRECTORY = Path(__file__).with_name("assets")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".LICENSE": "text/plain; charset=utf-8",
}


@dataclass(frozen=True)
class Asset:
    """One file as it is sent."""

    content: bytes
    media_type: str


@cache
def assets() -> dict[str, Asset]:
    """Return every asset by its name, such as ``js/page.js``."""
    return {
        path.relative_to(_DIRECTORY).as_posix(): Asset(path.read_bytes(), _TYPES[path.suffix])
        for path in sorted(_DIRECTORY.rglob("*"))
        if path.is_file()
    }


@cache
def digest() -> str:
    """Return what names the content of all assets together."""
    summed = hashlib.sha256()
    for name, asset in assets().items():
        summed.update(f"{name} {len(asset.content)}\n".encode())
        summed.update(asset.content)
    return summed.hexdigest()[:12]


def address(name: str) -> str:
    """Return where an asset is served.

    Raises
    ------
    KeyError
        If there is no asset of that name.
    """
    assets()[name]
    return f"{ROOT}/{digest()}/{name}"


def routes(web: Web) -> APIRouter:
    """Return the route."""
    del web  # assets are the same for every installation
    router = APIRouter()

    @router.get(ROOT + "/{version}/{name:path}", include_in_schema=False)
    def asset(version: str, name: str) -> Response:
        found = assets().get(name) if version == digest() else None
        if found is None:
            raise HTTPException(404, "there is no such asset; load the page again")
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(found.content, media_type=found.media_type, headers=headers)

    return router
