"""Reading ahead of the writer: order, how far ahead, and what happens when either fails."""

import threading
from dataclasses import dataclass, field

import pytest

from dsa_hcal_assets.radio.conversion.reading_ahead import MOST_THREADS, Piece, read_ahead

PIECES = [Piece(0, start, start + 1, start) for start in range(20)]


@dataclass
class Windows:
    windows: tuple[str, ...] = ("the window",)


@dataclass
class Source:
    """Stands where the files are: a block is its place; `fails` at one of them."""

    fails: int = -1
    plan: Windows = field(default_factory=Windows)
    begun: list[int] = field(default_factory=list)
    running: int = 0
    most_running: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, window, start, stop):
        with self.lock:
            self.begun.append(start)
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        if start == self.fails:
            raise OSError("damaged")
        with self.lock:
            self.running -= 1
        return window, start, stop


def test_blocks_come_in_order_each_with_its_piece():
    found = list(read_ahead(Source(), PIECES))
    assert [piece for piece, _ in found] == PIECES
    assert [block for _, block in found] == [("the window", n, n + 1) for n in range(20)]


def test_it_stays_a_few_blocks_ahead_of_the_writer_whatever_the_size_of_the_group():
    source = Source()
    for done, _ in enumerate(read_ahead(source, iter(PIECES))):
        assert len(source.begun) <= done + MOST_THREADS + 1
    assert source.most_running <= MOST_THREADS


def test_an_error_of_a_reader_arrives_where_its_block_would_have():
    source, seen = Source(fails=5), []
    with pytest.raises(OSError, match="damaged"):
        seen.extend(piece.start for piece, _ in read_ahead(source, PIECES))
    assert max(source.begun) < 5 + 2 * MOST_THREADS + 1


def test_nobody_reads_any_more_once_the_writer_has_given_up():
    source = Source()
    ahead = read_ahead(source, PIECES)
    next(ahead)
    ahead.close()
    assert source.running == 0
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("visibilities")]
