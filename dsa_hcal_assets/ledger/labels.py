"""What sources, subjects and partitions may be called."""

import re

from dsa_hcal_assets.ledger import files
from dsa_hcal_assets.ledger.model import BadLabel

_SOURCE = re.compile(r"[a-z][a-z0-9_]{0,63}")


def require_labels(source: str, *labels: str) -> None:
    """Refuse names that cannot be stored.

    Raises
    ------
    BadLabel
        Naming the one.
    """
    # A source is also a directory of the quarantine, so it is held tighter than the others.
    if not _SOURCE.fullmatch(source):
        raise BadLabel(f"{source!r} cannot be a source", expected="lower_snake_case")
    for label in labels:
        if not files.storable(label.replace("/", "")):
            raise BadLabel(
                f"{label!r} of source {source} cannot be stored",
                found="it is empty or contains unprintable characters",
                remedy="send the file to quarantine as unreadable",
            )
