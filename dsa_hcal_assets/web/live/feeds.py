"""Reading what the topics hold: each at its own pace, one after the other, told only when it has changed."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.web.live import messages
from dsa_hcal_assets.web.outages import OUTAGES, reason_of

logger = logging.getLogger(__name__)

# A topic that takes long to read is read less often: it may keep the database busy for this share of time.
_MOST_BUSY = 0.2
_RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class Feed:
    """A topic and how its state is read.

    Parameters
    ----------
    topic
        Its name in the protocol.
    seconds
        Time between two readings.
    read
        Returns the whole state, which must be small and bounded; msgspec can write it as JSON.
    always
        Tell the state each time it is read, also when it has not changed.
    """

    topic: str
    seconds: float
    read: Callable[[Database], Any]
    always: bool = False


@dataclass(frozen=True)
class State:
    """A state of a topic: its number, from 1, and the message that tells it."""

    topic: str
    number: int
    message: str


@dataclass(frozen=True)
class Look:
    """What one look found: states that are new, and why topics are not read (empty: all are)."""

    states: list[State] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)


class Feeds:
    """Reads the topics; for one thread at a time.

    Parameters
    ----------
    feeds
        The topics.
    database
        Gives the connections to read with.
    clock
        Seconds, ever rising.
    """

    def __init__(
        self,
        feeds: Sequence[Feed],
        database: Callable[[], Database],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._feeds = tuple(feeds)
        self._database = database
        self._clock = clock
        self._due = dict.fromkeys((feed.topic for feed in feeds), clock())
        self._numbers = dict.fromkeys(self._due, 0)
        self._written: dict[str, str] = {}
        self._unread: dict[str, str] = {}

    def look(self) -> Look:
        """Read the topics that are due.

        A topic whose reading fails is told as unread and costs the others nothing, unless the database is
        away: then all of them are, until it answers.
        """
        found = []
        for feed in self._feeds:
            began = self._clock()
            if self._due[feed.topic] > began:
                continue
            data, reason = self._read(feed)
            ended = self._clock()
            pause = feed.seconds if reason is None else _RETRY_SECONDS
            self._due[feed.topic] = max(began + pause, ended + (ended - began) / _MOST_BUSY)
            if reason is None:
                self._unread.pop(feed.topic, None)
                if feed.always or data != self._written.get(feed.topic):
                    found.append(self._state(feed.topic, data))
            elif self._is_away():
                self._unread = dict.fromkeys(self._due, reason)
                self._due = dict.fromkeys(self._due, ended + _RETRY_SECONDS)
                break
            else:
                self._unread[feed.topic] = reason
        return Look(found, dict(self._unread))

    def _read(self, feed: Feed) -> tuple[str, None] | tuple[str, str]:
        # an outage is logged when it begins, not at each attempt
        first = feed.topic not in self._unread
        try:
            return messages.as_json(feed.read(self._database())), None
        except OUTAGES as error:
            if first:
                logger.warning("live data: topic %s was not read: %s", feed.topic, error)
            return "", reason_of(error)
        except Exception as error:
            # told to the clients; a fault in one topic must not silence the others
            if first:
                logger.exception("live data: topic %s cannot be read", feed.topic)
            return "", f"{feed.topic} cannot be read ({type(error).__name__}); the API's log says more"

    def _is_away(self) -> bool:
        try:
            self._database().ping()
        except OUTAGES:
            return True
        return False

    def _state(self, topic: str, data: str) -> State:
        self._written[topic] = data
        self._numbers[topic] += 1
        return State(topic, self._numbers[topic], messages.state(topic, self._numbers[topic], data))
