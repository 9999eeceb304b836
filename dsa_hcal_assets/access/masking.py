"""Keeping secrets out of logs and of the audit."""

import logging
import math
import re
from typing import Any

MASK = "***"
_SECRETS = re.compile(
    r"(dsahcal(?:session)?_[0-9a-f]{0,12})_?[\w-]*"  # ours: the public part stays
    r"|(\b(?:bearer|basic)\s+)[\w.~+/=-]{6,}"
    r"|(\b\w+://[^\s:/@]*:)[^\s@/]+(?=@)",
    re.IGNORECASE,
)
_SECRET_NAMES = re.compile(r"token|secret|passw|authorization|cookie|api_?key|credential", re.IGNORECASE)
_MAX_TEXT = 2000
_MAX_ITEMS = 100
_MAX_DEPTH = 6


def mask(text: str) -> str:
    """Return `text` without tokens, credentials of a header, and passwords in addresses."""
    return _SECRETS.sub(lambda found: f"{found[1] or found[2] or found[3]}{MASK}", text)


def masked(value: Any, depth: int = 0) -> Any:
    """Return a JSON value that may be kept: secrets masked, and cut to a modest size."""
    if depth > _MAX_DEPTH:
        return "..."
    if isinstance(value, dict):
        return {
            _kept(str(name)): MASK if _SECRET_NAMES.search(str(name)) else masked(inner, depth + 1)
            for name, inner in list(value.items())[:_MAX_ITEMS]
        }
    if isinstance(value, list | tuple):
        return [masked(inner, depth + 1) for inner in value[:_MAX_ITEMS]]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such number
    return _kept(value) if isinstance(value, str) else value


def _kept(text: str) -> str:
    # PostgreSQL's text has no NUL, and no halves of surrogate pairs
    writable = text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    return mask(writable[:_MAX_TEXT])


class MaskedFormatter(logging.Formatter):
    """Formats records as usual, tracebacks included, and masks what comes out."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the masked line."""
        return mask(super().format(record))
