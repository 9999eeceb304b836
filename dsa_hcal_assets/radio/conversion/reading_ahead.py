"""Blocks of visibilities read by threads while earlier ones are written."""

import os
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from dsa_hcal_assets.radio.conversion.visibilities import Block, GroupReader

# more than the writer can follow
MOST_THREADS = 2


@dataclass(frozen=True)
class Piece:
    """Rows `start` to `stop` of the plan in a window, which go to the table's rows from `at` on."""

    window: int
    start: int
    stop: int
    at: int


def read_ahead(reader: GroupReader, pieces: Iterable[Piece]) -> Generator[tuple[Piece, Block]]:
    """Yield `pieces` with their blocks, in order; close it before the reader, whose files the threads read.

    Memory holds the block that was yielded and at most one more than there are threads, of which
    there is one a usable core and at most `MOST_THREADS`.
    """
    threads = min(MOST_THREADS, len(os.sched_getaffinity(0)))
    windows = reader.plan.windows
    pool = ThreadPoolExecutor(threads, thread_name_prefix="visibilities")
    coming: deque[tuple[Piece, Future[Block]]] = deque()
    try:
        for piece in pieces:
            coming.append((piece, pool.submit(reader.read, windows[piece.window], piece.start, piece.stop)))
            if len(coming) > threads:
                yield _first(coming)
        while coming:
            yield _first(coming)
    finally:
        pool.shutdown(cancel_futures=True)


def _first(coming: deque[tuple[Piece, Future[Block]]]) -> tuple[Piece, Block]:
    piece, block = coming.popleft()
    return piece, block.result()
