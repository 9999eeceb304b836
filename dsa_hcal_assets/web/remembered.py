"""Answers that cost much and are asked for by many, kept for as long as what they were made from is the same.

Belongs here: keeping. Not here: how one finds out that nothing changed; each resource asks its own question,
which has to be exact and cheap.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

MOST_ANSWERS = 64


class Remembered:
    """Bodies of answers by what was asked, the least recently used forgotten first. Safe between threads."""

    def __init__(self, most: int = MOST_ANSWERS) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._bodies: OrderedDict[Hashable, tuple[Hashable, bytes]] = OrderedDict()

    def body(self, asked: Hashable, version: Hashable, make: Callable[[], bytes]) -> bytes:
        """Return the body made when the data had this `version`; made now if there is none.

        Parameters
        ----------
        asked
            What tells one answer from another.
        version
            Of the data, found out before they are read: an answer may be newer than it says, never older.
        make
            Makes the body.
        """
        with self._lock:
            known = self._bodies.get(asked)
            if known is not None and known[0] == version:
                self._bodies.move_to_end(asked)
                return known[1]
        body = make()
        with self._lock:
            self._bodies[asked] = (version, body)
            self._bodies.move_to_end(asked)
            while len(self._bodies) > self._most:
                self._bodies.popitem(last=False)
        return body
