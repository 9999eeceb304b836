"""A directory as web pages: its files to read and to download, a list for each directory in it."""

import os
import stat
from html import escape
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from dsa_hcal_assets.errors import ConfigurationError

_HEADERS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}


def files_app(directory: Path) -> Starlette:
    """Return an application that answers GET and HEAD with what lies below `directory`.

    Nothing outside is ever shown, whatever the path or a link says. Hidden files, those still being
    written among them (`daq.durable_file`), are not there either.

    Raises
    ------
    ConfigurationError
        If `directory` is none.
    """
    if not directory.is_dir():
        raise ConfigurationError(
            f"{directory} cannot be served", expected="a directory", remedy="create it, or correct the path"
        )
    return Starlette(routes=[Mount("/", _Files(directory=directory))])


class _Files(StaticFiles):
    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory)
        self._root = directory.resolve()

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        # the class compares real paths, and so refuses links and dots that lead out of the directory
        full, found = super().lookup_path(path)
        if found is not None and _is_hidden(Path(full).relative_to(self._root)):
            return "", None
        return full, found

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            directory = self._directory(path) if error.status_code == HTTPStatus.NOT_FOUND else None
            if directory is None:
                raise
            response = HTMLResponse(_listing(directory, directory.relative_to(self._root)))
        response.headers.update(_HEADERS)
        return response

    def _directory(self, path: str) -> Path | None:
        try:
            full, found = self.lookup_path(path)
        except (OSError, ValueError):
            return None
        return Path(full) if found is not None and stat.S_ISDIR(found.st_mode) else None


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _listing(directory: Path, place: Path) -> str:
    entries = sorted(
        (entry for entry in os.scandir(directory) if not entry.name.startswith(".")),
        key=lambda entry: (not entry.is_dir(follow_symlinks=False), entry.name),
    )
    rows = [_row(place.parent, "..", "")] if place.parts else []
    for entry in entries:
        is_directory = entry.is_dir(follow_symlinks=False)
        size = "" if is_directory else f"{entry.stat(follow_symlinks=False).st_size} bytes"
        rows.append(_row(place / entry.name, entry.name + "/" * is_directory, size))
    return f"<!doctype html><meta charset=utf-8><title>Files</title><table>{''.join(rows)}</table>"


def _row(place: Path, name: str, size: str) -> str:
    link = quote(os.fsencode("/" + place.as_posix()))
    shown = escape(os.fsencode(name).decode(errors="replace"))
    return f'<tr><td><a href="{link}">{shown}</a></td><td>{size}</td></tr>'
