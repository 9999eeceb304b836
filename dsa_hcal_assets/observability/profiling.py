"""Where Python spends its time, function by function.

cProfile of the standard library sees the thread it is started in: not threads, not child programs and not
compiled code, which all show as the call that waits for them. It slows Python down by up to a factor of
two, numerical work hardly.
"""

import cProfile
import pstats
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SHOWN = 60


@contextmanager
def profiled(path: Path | None) -> Iterator[None]:
    """Profile the body, also when it fails.

    Parameters
    ----------
    path
        Gets the profile for `pstats`, snakeviz and their like; beside it, with the suffix ``.txt``, the
        functions that cost most. None: no profile.
    """
    if path is None:
        yield
        return
    profile = cProfile.Profile()
    try:
        with profile:
            yield
    finally:
        path.parent.mkdir(parents=True, exist_ok=True)
        profile.dump_stats(path)
        with path.with_suffix(".txt").open("w", encoding="utf-8") as text:
            pstats.Stats(profile, stream=text).sort_stats("cumulative").print_stats(_SHOWN)
