"""A small file in the incoming directory that stands for a Measurement Set left in its archive.

What goes to quarantine is then the reference; nobody's archive is ever moved or written into.
"""

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dsa_hcal_assets.ledger import files
from dsa_hcal_assets.radio.archive.errors import BadReference

SUFFIX = ".msref"
_LARGEST_BYTES = 65536


class Reference(BaseModel):
    """Where a set lies and which content it had when it was announced.

    `digest` and `bytes` are the tree's identity (`ledger.trees`). `pointing_dec_deg` is the apparent
    declination of a drift scan's pointing, where somebody knew it better than the set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["dsa-hcal-ms-reference/1"] = "dsa-hcal-ms-reference/1"
    path: Path
    digest: str = Field(min_length=1)
    bytes: int = Field(ge=0)
    pointing_dec_deg: float | None = Field(None, ge=-90, le=90)

    @property
    def name(self) -> str:
        """File name of the reference: the set's, and which content of that name it is."""
        mark = hashlib.sha256(self.model_dump_json(exclude={"path"}).encode()).hexdigest()[:12]
        return files.fitting(self.path.name, f".{mark}{SUFFIX}")

    def write(self, directory: Path) -> Path:
        """Write the reference under its name, complete or not at all."""
        path = directory / self.name
        files.write_record(path, self.model_dump(mode="json"))
        return path

    @classmethod
    def read(cls, path: Path) -> "Reference":
        """Read a reference.

        Raises
        ------
        BadReference
            If the file is not one, or names no absolute path.
        FileUnavailable, NotAFile
            If it vanished, cannot be read, or is not a regular file.
        """
        size = files.identify(path, digest="unread").bytes
        try:
            if size > _LARGEST_BYTES:
                raise ValueError(f"{size} bytes")
            with files.explained(path):
                found = cls.model_validate_json(path.read_bytes())
            if not found.path.is_absolute():
                raise ValueError(f"path {str(found.path)!r} is not absolute")
        except ValueError as error:  # pydantic's ValidationError is one
            told = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            raise BadReference(
                f"{path.name} is no reference to a Measurement Set",
                expected="a file written by `dsa-hcal ingest ms`",
                found=told,
                remedy="announce the archive again",
            ) from error
        return found
