"""Whether a directory is still being written, judged by looking twice.

No time stamp of the delivering machine is trusted: what counts is how long nothing has changed
while this process looked on.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path

from dsa_hcal_assets.ledger import trees
from dsa_hcal_assets.ledger.trees import TreeFile


class Stillness:
    """Remembers what directories looked like, for as long as one process lives."""

    def __init__(self) -> None:
        self._seen: dict[Path, tuple[list[TreeFile], datetime]] = {}
        self._later: dict[Path, datetime] = {}

    def lasts(self, root: Path, now: datetime) -> timedelta:
        """Look at a directory and return for how long it has been seen as it is now.

        Raises
        ------
        NotAFile, FileUnavailable
            As `trees.survey`.
        """
        found = trees.survey(root)
        before, since = self._seen.get(root, (None, now))
        if before != found:
            since = now
            self._seen[root] = (found, since)
            self._later.pop(root, None)
        return now - since

    def put_off(self, path: Path, until: datetime) -> None:
        """Leave what cannot be used yet alone until then, or until it is seen to change."""
        self._later[path] = until

    def is_put_off(self, path: Path, now: datetime) -> bool:
        """Tell whether it is to be left alone now."""
        return path in self._later and now < self._later[path]

    def forget_all_but(self, paths: Collection[Path]) -> None:
        """Forget everything that is not among `paths`."""
        for memory in (self._seen, self._later):
            for path in memory.keys() - paths:
                del memory[path]
