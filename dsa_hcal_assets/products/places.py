"""Where a product lives: ``<root>/<kind>/<YYYY-MM-DD>/<partition>/v<NNNN>``. The only place that knows."""

import re
from pathlib import Path

from dsa_hcal_assets.errors import PermanentError

STAGING = ".staging"
UNDATED = "undated"
_KIND = re.compile(r"[a-z][a-z0-9_]{0,63}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?=$|T)")
_VERSION = re.compile(r"v(\d{4,9})")
_MAX_BYTES = 200  # of the 255 a file name may have; tools append suffixes


class BadName(PermanentError):
    """A kind or partition key that cannot be a directory's name."""


def partition_dir(kind: str, partition: str) -> Path:
    """Return the directory of all versions, relative to the root.

    A partition key that starts with a day (``2025-06-05``, ``2025-06-05T12:00:00``) goes under
    that day, any other under ``undated``.

    Raises
    ------
    BadName
        If `kind` is not lower_snake_case, or `partition` is not a single plain path component.
    """
    if not _KIND.fullmatch(kind):
        raise BadName(f"product kind {kind!r} is not lower_snake_case", remedy="rename the kind")
    day = _DAY.match(require_component(partition))
    return Path(kind) / (day.group() if day else UNDATED) / partition


def require_component(key: str) -> str:
    """Return `key` if it is safe as the name of one directory.

    Raises
    ------
    BadName
        If it is empty, hidden or ``..``, contains a separator or an unprintable character, or is
        too long; nothing is cleaned up silently, because two keys must never become one.
    """
    trouble = None
    if not key or key.startswith("."):
        trouble = "it is empty or starts with a dot"
    elif "/" in key or "\\" in key:
        trouble = "it contains a path separator"
    elif not key.isprintable() or key != key.strip():
        trouble = "it contains unprintable characters or blanks at its ends"
    elif len(key.encode("utf-8")) > _MAX_BYTES:
        trouble = f"it is longer than {_MAX_BYTES} bytes"
    if trouble:
        raise BadName(
            f"partition key {key[:_MAX_BYTES]!r} cannot name a directory",
            found=trouble,
            expected="a day (2025-06-05), a group key (2025-06-05T12:00:00) or a plain word",
        )
    return key


def version_name(version: int) -> str:
    """Return the directory name of a version: ``v0001``."""
    return f"v{version:04d}"


def version_of(name: str) -> int | None:
    """Return the version a directory name stands for, or None."""
    match = _VERSION.fullmatch(name)
    number = int(match.group(1)) if match else 0
    return number if number > 0 and version_name(number) == name else None
