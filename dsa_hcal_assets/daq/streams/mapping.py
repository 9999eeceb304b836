"""Files as memory.

A mapping lives as long as any view into it, also after the file has been removed; so it is never closed
by hand, only let go.
"""

import mmap
import os
from pathlib import Path

PAGE = 4096
_POPULATE = getattr(mmap, "MAP_POPULATE", 0)


def map_file(path: Path, *, writable: bool = False, whole: bool = False) -> memoryview:
    """Return the content of `path` as memory that every process that maps it shares.

    Parameters
    ----------
    path
        The file; an empty one gives an empty view.
    writable
        Whether it may be written through the view.
    whole
        Enter all pages at once: a fault a page would halve the speed of a ring's first lap.
    """
    descriptor = os.open(path, os.O_RDWR if writable else os.O_RDONLY)
    try:
        length = os.fstat(descriptor).st_size
        if not length:
            return memoryview(b"")
        if not hasattr(mmap, "PROT_READ"):  # Windows
            access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
            return memoryview(mmap.mmap(descriptor, length, access=access))
        protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        flags = mmap.MAP_SHARED | (_POPULATE if whole else 0)
        return memoryview(mmap.mmap(descriptor, length, flags=flags, prot=protection))
    finally:
        os.close(descriptor)
