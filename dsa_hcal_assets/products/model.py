"""What a product is, what it was made from, and by what."""

import functools
import importlib.metadata
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dsa_hcal_assets.errors import PermanentError

JSON = str | int | float | bool | None | Sequence["JSON"] | Mapping[str, "JSON"]

_PACKAGE = "dsa_hcal_assets"


class BadProvenance(PermanentError):
    """Parameters or inputs cannot be stored as JSON."""


@functools.cache
def code_version() -> str:
    """Return the package's version, with ``git describe`` appended when run from a checkout."""
    version = importlib.metadata.version(_PACKAGE)
    checkout = Path(__file__).resolve().parents[2]
    if not (checkout / ".git").exists():
        return version
    try:
        described = subprocess.run(
            ["git", "-C", str(checkout), "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        # No git here, or a checkout that belongs to somebody else: the package's version remains.
        return version
    return f"{version}+{described.stdout.strip()}"


@dataclass(frozen=True)
class Input:
    """Something a product was made from: its name, and the checksum of what was read."""

    name: str
    checksum: str


@dataclass(frozen=True)
class Provenance:
    """How to make the same product again.

    Parameters
    ----------
    parameters
        All options that had an influence, as JSON.
    inputs
        Everything that was read.
    run_id
        The Dagster run, if there was one.
    code_version
        By default that of the running code.
    """

    parameters: Mapping[str, JSON]
    inputs: tuple[Input, ...]
    run_id: str = ""
    code_version: str = field(default_factory=code_version)

    def as_record(self) -> dict[str, Any]:
        """Return the provenance as plain JSON data.

        Raises
        ------
        BadProvenance
            If it contains something JSON (or PostgreSQL's jsonb) has no form for: NaN, a NUL
            character, an array or another object.
        """
        record = {
            "parameters": dict(self.parameters),
            "inputs": [{"name": item.name, "checksum": item.checksum} for item in self.inputs],
            "run_id": self.run_id,
            "code_version": self.code_version,
        }
        try:
            text = json.dumps(record, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise BadProvenance(
                "the provenance of a product is not JSON",
                found=str(error),
                remedy="pass plain numbers, strings, lists and mappings; None for what has no value",
            ) from error
        if "\\u0000" in text:
            raise BadProvenance("the provenance of a product contains a NUL character")
        plain: dict[str, Any] = json.loads(text)
        return plain

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Provenance":
        """Return the provenance `as_record` gave."""
        inputs = tuple(Input(item["name"], item["checksum"]) for item in record["inputs"])
        return cls(record["parameters"], inputs, record["run_id"], record["code_version"])


@dataclass(frozen=True)
class Product:
    """One published version. `path` is its directory; `bytes` and `checksum` are of its files."""

    product_id: int
    kind: str
    partition: str
    version: int
    path: Path
    bytes: int
    checksum: str
    created_at: datetime
    provenance: Provenance

    @property
    def name(self) -> str:
        """``kind/partition/vNNNN``: how this version is called everywhere."""
        return f"{self.kind}/{self.partition}/v{self.version:04d}"

    def as_input(self) -> Input:
        """Return this version as an input of what is made from it."""
        return Input(self.name, self.checksum)


@dataclass(frozen=True)
class Reconciled:
    """What `ProductStore.reconcile` found and did.

    `registered`: versions whose publisher died between rename and commit, now in the ledger.
    `missing`: versions whose bytes are gone; `returned`: whose bytes are back.
    `damaged`: unregistered directories that are not what their manifest says, left untouched.
    `removed`: staging directories of dead publishers.
    """

    registered: tuple[Product, ...] = ()
    missing: tuple[Product, ...] = ()
    returned: tuple[Product, ...] = ()
    damaged: tuple[Path, ...] = ()
    removed: tuple[Path, ...] = ()
