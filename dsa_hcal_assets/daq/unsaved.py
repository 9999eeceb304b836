"""What has been measured but could not be written yet, in bounded memory.

When the bound is reached every second item is given up, oldest kept: a disk that stays full for
days leaves a record of the whole time at a coarser cadence, and not only of its beginning or end.
"""

import logging
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Unsaved(Generic[T]):
    """A queue of items to write, oldest first.

    Parameters
    ----------
    limit
        Items held at most.
    """

    def __init__(self, limit: int) -> None:
        if limit < 2:
            raise ValueError(f"limit {limit}: at least 2")
        self._limit = limit
        self._items: deque[T] = deque()
        self.given_up = 0

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: T) -> None:
        """Queue `item`, thinning what waits when there is no room."""
        if len(self._items) >= self._limit:
            kept = deque(list(self._items)[::2])
            lost = len(self._items) - len(kept)
            self._items = kept
            self.given_up += lost
            _log.error(
                "%d items wait to be written and no more can be held: %d given up, every second one kept",
                self._limit,
                lost,
            )
        self._items.append(item)

    def flush(self, write: Callable[[T], object]) -> int:
        """Write what waits, oldest first; return how many were written.

        An error of `write` is passed on; the item it was for, and all behind it, stay queued.
        """
        written = 0
        while self._items:
            item = self._items[0]
            write(item)
            # `add` in another thread may have thinned the queue meanwhile, but keeps the oldest
            self._items.popleft()
            written += 1
        return written
