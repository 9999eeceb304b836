"""All files of a product as one tar archive, made while it is sent: a Measurement Set is a directory."""

import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

CHUNK_BYTES = 1 << 20


def tar_of(directory: Path, names: Sequence[str], top: str) -> Iterator[bytes]:
    """Yield the archive of the files `names` below `directory`, each below `top` in the archive.

    Files of products never change, so their sizes hold; one that cannot be read ends the stream early, which
    every reader of the format notices.

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    for name in names:
        path = directory / name
        with path.open("rb") as file:
            entry = tarfile.TarInfo(f"{top}/{name}")
            entry.size, entry.mtime, entry.mode = path.stat().st_size, int(path.stat().st_mtime), 0o644
            yield entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
        yield bytes(-entry.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)
