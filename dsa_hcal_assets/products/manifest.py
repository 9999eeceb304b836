"""``manifest.json``: what lies in a version's directory, enough to register it without the database."""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.products.model import Provenance
from dsa_hcal_assets.products.tree import MANIFEST, Contents, Entry, NotPublishable

FORMAT = 1
_MAX_BYTES = 256_000_000


class BadManifest(BadInput):
    """A manifest that cannot be read or does not describe its directory."""


@dataclass(frozen=True)
class Manifest:
    """Identity, contents and provenance of one version."""

    kind: str
    partition: str
    version: int
    created_at: datetime
    contents: Contents
    provenance: Provenance


def write(directory: Path, manifest: Manifest) -> None:
    """Write ``manifest.json`` into a staged directory, read-only and flushed.

    Raises
    ------
    NotPublishable
        If the product brings a file of that name.
    """
    if (directory / MANIFEST).exists():
        raise NotPublishable(f"the product has a file named {MANIFEST} of its own", remedy="rename that file")
    contents = manifest.contents
    record = {
        "format": FORMAT,
        "kind": manifest.kind,
        "partition": manifest.partition,
        "version": manifest.version,
        "created_at": manifest.created_at.isoformat(),
        "bytes": contents.bytes,
        "checksum": contents.checksum,
        "provenance": manifest.provenance.as_record(),
        "files": [[entry.path, entry.size, entry.sha256] for entry in contents.entries],
    }
    with (directory / MANIFEST).open("w", encoding="utf-8", errors="surrogateescape") as file:
        json.dump(record, file, indent=1, ensure_ascii=False)
        file.flush()
        os.fchmod(file.fileno(), 0o444)
        os.fsync(file.fileno())


def read(directory: Path) -> Manifest:
    """Read ``manifest.json`` of a directory.

    Raises
    ------
    BadManifest
        If it is missing, no manifest of a known format, or contradicts itself.
    """
    path = directory / MANIFEST
    try:
        if path.is_symlink() or path.stat().st_size > _MAX_BYTES:
            raise BadManifest(f"{path} is a link or too large", kept="left in place")
        record = json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
        if record["format"] != FORMAT:
            raise BadManifest(f"{path} has another format", expected=str(FORMAT), found=str(record["format"]))
        contents = Contents(
            tuple(Entry(str(name), int(size), str(sha)) for name, size, sha in record["files"])
        )
        manifest = Manifest(
            str(record["kind"]),
            str(record["partition"]),
            int(record["version"]),
            datetime.fromisoformat(record["created_at"]),
            contents,
            Provenance.from_record(record["provenance"]),
        )
        agreed = contents.checksum == record["checksum"] and manifest.created_at.tzinfo is not None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadManifest(f"{path} cannot be read", found=str(error), kept="left in place") from error
    if not agreed:
        raise BadManifest(f"{path} contradicts itself", kept="left in place")
    return manifest
