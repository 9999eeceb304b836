"""What waits for one client: never more than the newest of each kind."""

import asyncio
from collections import Counter
from collections.abc import Collection

from dsa_hcal_assets.web.live import messages
from dsa_hcal_assets.web.live.feeds import State


class Closed(Exception):
    """Nothing more will come into a mailbox."""


class Mailbox:
    """Texts for one client, coalesced: a newer state of a topic replaces one that was not taken yet.

    Texts are shared by all mailboxes, so a client that takes nothing costs a few references. To be used in
    the event loop only.
    """

    def __init__(self, topics: Collection[str]) -> None:
        self.topics = frozenset(topics)
        self._waiting: dict[str, str] = {}
        self._missed: Counter[str] = Counter()
        self._given: dict[str, int] = {}
        self._filled = asyncio.Event()
        self._closed = False

    def choose(self, topics: Collection[str]) -> None:
        """Take these topics from now on; of a new one the present state is to be put."""
        self.topics = frozenset(topics)
        for topic in set(self._given) - self.topics:
            del self._given[topic]
            self._waiting.pop(topic, None)
            self._missed.pop(topic, None)

    def put(self, state: State) -> None:
        """Leave the state of a topic, unless the client takes no such topic or had it before."""
        topic = state.topic
        if topic not in self.topics or state.number <= self._given.get(topic, 0):
            return
        self._given[topic] = state.number
        if topic in self._waiting:
            self._missed[topic] += 1
        self.tell(topic, state.message)

    def tell(self, kind: str, text: str) -> None:
        """Leave a message of another kind; a newer one replaces it too."""
        # behind what was left before: an outage comes after the states from before it
        self._waiting.pop(kind, None)
        self._waiting[kind] = text
        self._filled.set()

    def close(self) -> None:
        """Let nobody wait for more."""
        self._closed = True
        self._filled.set()

    async def take(self) -> list[str]:
        """Return all that waits, in the order it was left, once there is something.

        Raises
        ------
        Closed
            If nothing will come any more.
        """
        await self._filled.wait()
        if self._closed:
            raise Closed
        self._filled.clear()
        texts = list(self._waiting.values())
        self._waiting.clear()
        if self._missed:
            texts.insert(0, messages.missed(self._missed))
            self._missed.clear()
        return texts
