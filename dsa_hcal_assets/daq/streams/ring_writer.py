"""The writing end of a ring: where the next frame goes, and which old ones may go."""

from dsa_hcal_assets.daq.messages.frame import aligned, length_in_words
from dsa_hcal_assets.daq.streams.ring_file import HEAD, LAST, PAD, SEQUENCE_WORD, TAIL, RingFile


class RingWriter:
    """Appends frames; nobody else writes into the ring.

    A frame is written where `reserve` says, and exists from `publish` on: a writer that is killed in
    between leaves nothing behind.
    """

    def __init__(self, file: RingFile) -> None:
        self._file = file
        self._words = file.words
        self._capacity = file.capacity
        self._head: int = file.words[HEAD]
        self._tail: int = file.words[TAIL]
        self._start = self._head

    @property
    def capacity(self) -> int:
        """Bytes of the ring."""
        return self._capacity

    def reserve(self, length: int) -> memoryview | None:
        """Return where a frame of `length` bytes may be written, or None if there is no room now."""
        if self._head == self._tail and self._head % self._capacity:
            self._begin_again()
        offset = self._head % self._capacity
        gap = self._capacity - offset if offset + length > self._capacity else 0
        if self._head + gap + length > self._tail + self._capacity:
            return None
        if gap:
            self._file.frame_words[offset // 8] = PAD
            offset = 0
        self._start = self._head + gap
        return self._file.frames[offset : offset + length]

    def publish(self, length: int, sequence: int) -> None:
        """Make the frame visible that was written into the last reservation."""
        self._head = self._start + aligned(length)
        self._words[HEAD] = self._head
        self._words[LAST] = sequence

    def free(self, acknowledged: int) -> int:
        """Give up the oldest frames up to sequence `acknowledged`; return the sequence that is oldest now.

        Returns 0 if no frame is left.
        """
        tail, oldest = self._tail, 0
        while tail < self._head:
            tail, offset = self._skip_pad(tail)
            if tail == self._head:
                break
            oldest = self._file.frame_words[offset // 8 + SEQUENCE_WORD]
            if oldest > acknowledged:
                break
            oldest = 0
            tail += self._room_of(offset)
        self._set_tail(tail)
        return oldest

    def drop_oldest(self) -> None:
        """Give up the oldest frame, read or not."""
        tail, offset = self._skip_pad(self._tail)
        if tail < self._head:
            tail += self._room_of(offset)
        self._set_tail(tail)

    def newest_sequence(self) -> int:
        """Return the sequence of the newest frame, whether or not it was made visible; 0 if none is left."""
        position, newest = self._tail, 0
        while position < self._head:
            position, offset = self._skip_pad(position)
            if position < self._head:
                newest = self._file.frame_words[offset // 8 + SEQUENCE_WORD]
                position += self._room_of(offset)
        return newest

    def _skip_pad(self, position: int) -> tuple[int, int]:
        offset = position % self._capacity
        if self._file.frame_words[offset // 8] == PAD:
            return position + self._capacity - offset, 0
        return position, offset

    def _room_of(self, offset: int) -> int:
        return aligned(length_in_words(self._file.frame_words, offset // 8))

    def _begin_again(self) -> None:
        # an empty ring goes on at its beginning: these pages are in the processor's cache, and a frame
        # as large as the ring fits
        offset = self._head % self._capacity
        self._file.frame_words[offset // 8] = PAD
        self._head += self._capacity - offset
        self._words[HEAD] = self._head
        self._set_tail(self._head)

    def _set_tail(self, tail: int) -> None:
        self._tail = tail
        self._words[TAIL] = tail
