"""The reading end of a ring: its frames in order."""

from dsa_hcal_assets.daq.messages.frame import aligned, length_in_words
from dsa_hcal_assets.daq.streams.interface import Policy
from dsa_hcal_assets.daq.streams.ring_file import HEAD, PAD, SEQUENCE_WORD, TAIL, RingFile


class RingReader:
    """Walks over the frames of a ring.

    Under `drop_oldest` the writer waits for nobody: frames are copied, and a copy counts only if its
    frame was still whole after it was made. Otherwise frames are views: the writer leaves them alone until
    they are acknowledged.
    """

    def __init__(self, file: RingFile) -> None:
        self._words = file.words
        self._frames = file.frames
        self._frame_words = file.frame_words
        self._capacity = file.capacity
        self._copies = file.policy is Policy.DROP_OLDEST
        self._position: int = file.words[TAIL]

    def seek(self, sequence: int) -> None:
        """Go to the first frame above `sequence`."""
        while 0 < self.peek() <= sequence:
            self._pass(self._length())

    def peek(self) -> int:
        """Return the sequence of the next frame, 0 if there is none."""
        while True:
            tail = self._words[TAIL]
            if self._position < tail:
                self._position = tail
            if self._position >= self._words[HEAD]:
                return 0
            offset = self._position % self._capacity
            if self._frame_words[offset // 8] == PAD:
                self._position += self._capacity - offset
                continue
            sequence: int = self._frame_words[offset // 8 + SEQUENCE_WORD]
            if self._words[TAIL] <= self._position:
                return sequence

    def take(self) -> memoryview | None:
        """Return the frame that `peek` found and go on; None if it was overwritten meanwhile."""
        length = self._length()
        offset = self._position % self._capacity
        frame = self._frames[offset : offset + length]
        if self._copies:
            frame = memoryview(bytes(frame))
        return frame if self._pass(length) else None

    def skip_all(self) -> None:
        """Go past everything that is there."""
        self._position = self._words[HEAD]

    def _length(self) -> int:
        return length_in_words(self._frame_words, self._position % self._capacity // 8)

    def _pass(self, length: int) -> bool:
        if self._words[TAIL] <= self._position:
            self._position += aligned(length)
            return True
        self._run_ahead()
        return False

    def _run_ahead(self) -> None:
        # just behind the writer every frame would be overwritten while it is being copied
        goal = self._words[TAIL] + self._capacity // 8
        while self._position < goal and self.peek():
            length = self._length()
            if self._words[TAIL] <= self._position:
                self._position += aligned(length)
