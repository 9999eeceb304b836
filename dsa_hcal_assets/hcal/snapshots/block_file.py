"""Files of checksummed blocks: one acquisition cycle of any source, as text.

Lines end with a newline; each is one JSON object without NaN (unread values are null)::

    {"format":"<name>/<version>","cycle":...,"sequence":...,"acquisition_id":...,"run_number":...,"boards":[names]}
    {"crc32":"0a1b2c3d","board":{...}}          one line a board, in the order of the header's names
    {"lines":17,"sha256":"..."}                 lines before this one, digest of all bytes before it

The CRC covers the bytes of the inner object as written. A missing end is therefore told from a
damaged block, and a damaged block from its intact neighbours. `read_blocks` never blocks (a FIFO
in its place is refused) and never returns short data. `look` verifies as much and decodes the header
alone. What a board is depends on the source: a controller, a crate, an interface board.
"""

import hashlib
import json
import os
import stat
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.errors import BadInput

LARGEST = 64 * 2**20  # bytes; a full snapshot of 16 controllers is about 0.1 MB
_BLOCK = b'{"crc32":"%08x","board":%s}'
_BLOCK_PREFIX = len(_BLOCK % (0, b"")) - 1


class SnapshotUnreadable(BadInput):
    """A snapshot file cannot be used; the subclasses say why."""


class SnapshotEmpty(SnapshotUnreadable):
    """The file has no bytes."""


class SnapshotTruncated(SnapshotUnreadable):
    """The file ends before its trailer does."""


class SnapshotVersionUnknown(SnapshotUnreadable):
    """The file is of a format version this code does not read, or no snapshot at all."""


class SnapshotTrailerBad(SnapshotUnreadable):
    """The trailer does not fit what is before it, though every board block is intact."""


class SnapshotMalformed(SnapshotUnreadable):
    """The checksums fit, but the content is not a snapshot (a faulty writer)."""


class SnapshotDamaged(SnapshotUnreadable):
    """Bytes changed inside the file.

    Attributes
    ----------
    blocks
        What is damaged: board ids, or ``header``.
    """

    def __init__(self, path: Path, blocks: tuple[str, ...], found: str) -> None:
        self.blocks = blocks
        super().__init__(
            f"{path}: damaged in {', '.join(blocks)}",
            expected="bytes that fit their checksum",
            found=found,
            remedy="restore the file from a copy and release it; look at the disk it was on",
        )


def encode_blocks(form: str, header: Mapping[str, Any], boards: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the bytes of a file.

    Parameters
    ----------
    form
        Name and version of the format, ``dsa-hcal-snapshot/1``.
    header
        JSON values; ``boards`` names the blocks in their order.
    boards
        JSON values of each block.
    """
    lines = [_dump({"format": form, **header})]
    for board in boards:
        inner = _dump(board)
        lines.append(_BLOCK % (zlib.crc32(inner), inner))
    body = b"".join(line + b"\n" for line in lines)
    return body + _dump({"lines": len(lines), "sha256": hashlib.sha256(body).hexdigest()}) + b"\n"


@dataclass(frozen=True)
class Look:
    """What a verified file says before its boards are decoded.

    Parameters
    ----------
    cycle
        Aware UTC start of its cycle.
    digest
        SHA-256 of all its bytes.
    """

    cycle: datetime
    digest: str


def look(path: Path, *forms: str) -> Look:
    """Verify every checksum of a file of one of `forms`; decode nothing but its header.

    Raises
    ------
    SnapshotUnreadable, OSError
        As `read_blocks`, but for content that only reading the boards shows to be malformed.
    """
    verified = _verified(path, forms)
    with building_from(path):
        return Look(require_utc(datetime.fromisoformat(verified.header["cycle"])), verified.digest)


def read_blocks(path: Path, *forms: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Read a file of one of `forms` and verify every checksum; return its header and its blocks.

    Raises
    ------
    SnapshotUnreadable
        As the subclass that says what is wrong: `SnapshotEmpty`, `SnapshotTruncated`,
        `SnapshotVersionUnknown`, `SnapshotTrailerBad`, `SnapshotDamaged`, `SnapshotMalformed`.
    OSError
        If the file cannot be opened.
    """
    verified = _verified(path, forms)
    with building_from(path):
        return verified.header, [_load(line)["board"] for line in verified.blocks]


@contextmanager
def building_from(path: Path) -> Iterator[None]:
    """Turn what goes wrong while a snapshot is built from intact blocks into `SnapshotMalformed`."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise SnapshotMalformed(
            f"{path}: its checksums fit but its content does not", found=f"{type(error).__name__}: {error}"
        ) from error


_REPOLL = "nothing to restore: the next cycle measures again; look at the disk the file was on"


@dataclass(frozen=True)
class _Verified:
    header: dict[str, Any]
    blocks: list[bytes]
    digest: str


def _verified(path: Path, forms: Sequence[str]) -> _Verified:
    data = _read_bytes(path)
    if not data:
        raise SnapshotEmpty(f"{path} is empty", remedy=_REPOLL)
    _check_version(path, data, forms)
    lines = data.split(b"\n")
    if lines.pop() or not _looks_like_trailer(lines[-1]):
        _refuse_end(path, lines)
    header = _load(lines[0])
    digest = _check_body(path, data, header, lines)
    return _Verified(header, lines[1:-1], digest)


def _read_bytes(path: Path) -> bytes:
    # O_NONBLOCK: opening a FIFO that somebody put here must not wait for its writer
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SnapshotVersionUnknown(f"{path} is not a regular file", remedy="remove it")
        if status.st_size > LARGEST:
            raise SnapshotVersionUnknown(
                f"{path} is no snapshot", expected=f"at most {LARGEST} bytes", found=f"{status.st_size}"
            )
        return file.read(LARGEST)


def _check_version(path: Path, data: bytes, forms: Sequence[str]) -> None:
    begins = [b'{"format":"%s",' % form.encode() for form in forms]
    if data.startswith(tuple(begins)):
        return
    if any(begin.startswith(data) for begin in begins):
        raise SnapshotTruncated(f"{path} ends inside its header", found=f"{len(data)} bytes", remedy=_REPOLL)
    raise SnapshotVersionUnknown(
        f"{path} is no snapshot this version reads",
        expected=" or ".join(forms),
        found=repr(data[: len(begins[0]) + 8].decode("ascii", "replace")),
        remedy="upgrade the platform if the file comes from a newer acquisition",
    )


def _looks_like_trailer(line: bytes) -> bool:
    trailer = _load(line)
    return isinstance(trailer.get("lines"), int) and isinstance(trailer.get("sha256"), str)


def _refuse_end(path: Path, lines: list[bytes]) -> None:
    """Raise: the last line is no trailer. With as many lines as announced, it is a damaged one."""
    boards = _load(lines[0]).get("boards") if lines else None
    if isinstance(boards, list) and len(lines) >= len(boards) + 2:
        raise SnapshotTrailerBad(f"{path}: the trailer cannot be read", remedy="restore the file from a copy")
    raise SnapshotTruncated(
        f"{path} ends before its trailer", found=f"{len(lines)} complete lines", remedy=_REPOLL
    )


def _check_body(path: Path, data: bytes, header: dict[str, Any], lines: list[bytes]) -> str:
    """Verify everything before the trailer; return the digest of the whole file."""
    blocks, trailer = lines[1:-1], _load(lines[-1])
    names = header.get("boards")
    end = len(data) - len(lines[-1]) - 1
    digest = hashlib.sha256(memoryview(data)[:end])
    whole = digest.hexdigest() == trailer["sha256"] and trailer["lines"] == len(lines) - 1
    if not isinstance(names, list) or len(names) != len(blocks):
        if whole:
            raise SnapshotMalformed(f"{path}: {len(blocks)} board blocks", expected=f"boards {names}")
        raise SnapshotDamaged(path, ("header or line ends",), f"{len(blocks)} lines of boards")
    damaged = tuple(str(name) for name, block in zip(names, blocks, strict=True) if not _intact(block))
    if damaged:
        raise SnapshotDamaged(path, damaged, f"{len(damaged)} of {len(blocks)} blocks fail their CRC")
    if not whole:
        # every block is intact, so what changed is the header or the trailer itself
        raise SnapshotTrailerBad(
            f"{path}: digest or line count of the trailer does not fit, though every board block does",
            remedy="header or trailer changed: restore the file from a copy",
        )
    digest.update(memoryview(data)[end:])
    return digest.hexdigest()


def _intact(block: bytes) -> bool:
    inner = block[_BLOCK_PREFIX:-1]
    return block == _BLOCK % (zlib.crc32(inner), inner)


def _dump(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=True).encode("ascii")


def _load(line: bytes) -> dict[str, Any]:
    """Return the JSON object on `line`, or an empty one when it is none."""
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
