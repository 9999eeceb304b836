"""Where the Measurement Sets of a directory tree are, by name."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

log = logging.getLogger(__name__)

SUFFIX = ".ms"


def is_set_name(name: str) -> bool:
    """Tell whether a directory of this name is to be looked at as a Measurement Set.

    A name that begins with a dot is one under which copies are made before they are renamed.
    """
    return name.lower().endswith(SUFFIX) and not name.startswith(".")


def find_sets(root: Path) -> Iterator[Path]:
    """Yield the directories below `root` that have a set's name, by path.

    Neither links nor the insides of a set are followed; `root` itself may be a set. A directory that
    cannot be listed is told in the log, and the others are gone through.
    """
    if is_set_name(root.name):
        yield root
        return
    try:
        with os.scandir(root) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError as error:
        log.warning("%s is left out: %s", root, error)
        return
    for name in names:
        if not name.startswith("."):
            yield from find_sets(root / name)
