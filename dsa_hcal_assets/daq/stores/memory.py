"""The newest messages of each topic, in memory: for looking at, not for keeping.

Bounded by messages a topic and bytes in all; the oldest go first. Nothing survives the process. Any content
is taken as it is.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.stores.buffered import BufferedSink
from dsa_hcal_assets.daq.stores.interface import Refusal
from dsa_hcal_assets.daq.stores.options import MemoryOptions


class MemorySink(BufferedSink[Message]):
    """Keeps the newest messages; `latest` may be asked from any thread.

    Parameters
    ----------
    options
        See `MemoryOptions`.
    """

    def __init__(self, options: MemoryOptions) -> None:
        super().__init__("memory")
        self._options = options
        self._lock = threading.Lock()
        self._topics: OrderedDict[str, deque[Message]] = OrderedDict()
        self._size = 0

    def latest(self, topics: str = "*", count: int = 1) -> list[Message]:
        """Return the newest messages of topics like a pattern (`temps.*`), oldest first, by time sent."""
        with self._lock:
            found = [
                message
                for topic, kept in self._topics.items()
                if fnmatchcase(topic, topics)
                for message in list(kept)[-count:]
            ]
        return sorted(found, key=lambda message: message.time_ns)[-count:]

    def topics(self) -> dict[str, int]:
        """Return the topics that are kept, with the number of messages."""
        with self._lock:
            return {topic: len(kept) for topic, kept in sorted(self._topics.items())}

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._topics.clear()
            self._size = 0

    def _prepare(self, messages: Sequence[Message]) -> tuple[Sequence[Message], list[Refusal]]:
        # what a payload lies in belongs to the stream again once it is acknowledged
        return [replace(m, payload=memoryview(bytes(m.payload))) for m in messages], []

    def _commit(self) -> list[Refusal]:
        with self._lock:
            for message in self._pending:
                self._keep(message)
        self._stored.advance(self._pending)
        self._pending = []
        return []

    def _keep(self, message: Message) -> None:
        kept = self._topics.setdefault(message.topic, deque())
        kept.append(message)
        self._size += len(message.payload)
        # the topic whose newest message is oldest gives way first
        self._topics.move_to_end(message.topic)
        if len(kept) > self._options.messages:
            self._size -= len(kept.popleft().payload)
        while self._size > self._options.size and sum(map(len, self._topics.values())) > 1:
            topic, oldest = next(iter(self._topics.items()))
            self._size -= len(oldest.popleft().payload)
            if not oldest:
                del self._topics[topic]
