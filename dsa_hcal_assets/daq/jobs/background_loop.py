"""An asyncio loop in a thread of its own, for jobs whose devices speak through asyncio.

The connections live on between the job's steps, and what runs in the background goes on while the
job's own loop sleeps.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import wait
from typing import Any, TypeVar

T = TypeVar("T")
_LOOK_SECONDS = 0.2


class BackgroundLoop:
    """A running event loop; `close` it in the job's `teardown`."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T], *, meanwhile: Callable[[], object] = lambda: None) -> T:
        """Run `work` in the loop and return what it returns.

        Parameters
        ----------
        meanwhile
            Called several times a second while it runs (a job's `sign_of_life`); if it raises, the work
            is cancelled.
        """
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            while not wait({future}, timeout=_LOOK_SECONDS).done:
                meanwhile()
            return future.result()
        finally:
            future.cancel()

    def close(self) -> None:
        """Cancel what still runs and end the thread."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(_cancel_others(), self._loop).result(timeout=5.0)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=5.0)


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
