"""The worker calls of this room: JSON in, JSON out; casacore is loaded only there."""

from pathlib import Path
from typing import Any

from dsa_hcal_assets.errors import PlatformError
from dsa_hcal_assets.workers.protocol import JSON, error_record


def read_sets(paths: list[str]) -> dict[str, Any]:
    """Return ``{"sets": [...]}``: for each path the facts of the set there, or the error it raises."""
    return {"sets": [_read(Path(path)) for path in paths]}


def take_over(ms: str, out: str, digest: str) -> dict[str, Any]:
    """Copy the set `ms` of identity `digest` to `out`; return its report, as a conversion's.

    Raises
    ------
    ArchiveChanged, HalfCopied, CopyFailed, DeadlineExceeded
        As `takeover.take_over`.
    """
    from dsa_hcal_assets.radio.archive import takeover

    return takeover.take_over(Path(ms), Path(out), digest).as_json()


def _read(ms: Path) -> dict[str, JSON]:
    from dsa_hcal_assets.radio.archive.facts import read_facts

    try:
        return {"facts": read_facts(ms).model_dump(mode="json")}
    except PlatformError as error:
        return {"error": error_record(error)}
