"""How many live messages a receiver has missed, by the numbers that senders give them."""

from collections import defaultdict

EPOCHS_KEPT = 8
"""Senders of one producer at the same time (its own and a relay's, or old and new) that are told apart."""


class GapCounter:
    """Counts holes in the numbers 1, 2, 3 ... of each (producer, epoch, topic)."""

    def __init__(self) -> None:
        self._last: defaultdict[str, dict[int, dict[str, int]]] = defaultdict(dict)
        self._missed: defaultdict[str, int] = defaultdict(int)

    def seen(self, producer: str, epoch: int, topic: str, sequence: int) -> int:
        """Note that `sequence` came; return how many are missing just before it.

        What went before the first one seen is not missing: the receiver had not subscribed yet.
        """
        last = self._topics(producer, epoch)
        missed = max(0, sequence - last.get(topic, sequence - 1) - 1)
        last[topic] = sequence
        self._missed[producer] += missed
        return missed

    def by_producer(self) -> dict[str, int]:
        """Return how many were missed of each producer that has been heard of."""
        return dict(self._missed)

    def epochs(self, producer: str) -> list[int]:
        """Return the epochs of `producer` that are told apart at the moment."""
        return sorted(self._last[producer])

    def _topics(self, producer: str, epoch: int) -> dict[str, int]:
        epochs = self._last[producer]
        if epoch not in epochs and len(epochs) == EPOCHS_KEPT:
            del epochs[min(epochs)]
        return epochs.setdefault(epoch, {})
