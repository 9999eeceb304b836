"""Being woken by the database when an alert is raised or closed, rather than asking all the time."""

import logging
import select
import threading
from types import TracebackType

import psycopg2
import psycopg2.extensions

from dsa_hcal_assets.alerts.record import NOTIFY

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
CONNECT_SECONDS = 5
RECONNECT_SECONDS = 5.0


class Alarm:
    """Counts what the database says; threads wait for the count to change.

    Without a connection nothing is counted, and waiting ends with its time; it is connected again.

    Parameters
    ----------
    url
        The database.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._rung = threading.Condition()
        self._connection: psycopg2.extensions.connection | None = None
        self.count = 0

    def __enter__(self) -> "Alarm":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drop()

    def wait(self, seen: int, seconds: float) -> int:
        """Wait until the count is no longer `seen`, or for `seconds`; return it."""
        with self._rung:
            self._rung.wait_for(lambda: self.count != seen, seconds)
            return self.count

    def watch(self, stop: threading.Event) -> None:
        """Listen until told to stop."""
        while not stop.is_set():
            try:
                if self._listen():
                    self._ring()
            except psycopg2.Error as error:
                logger.warning(
                    "not woken by the database for now: %s", str(error).strip() or type(error).__name__
                )
                self._drop()
                stop.wait(RECONNECT_SECONDS)
        self._ring()

    def _listen(self) -> bool:
        if self._connection is None:
            self._connection = psycopg2.connect(self._url, connect_timeout=CONNECT_SECONDS)
            self._connection.autocommit = True
            with self._connection.cursor() as cursor:
                cursor.execute(f"listen {NOTIFY}")
            return True  # something may have been raised before
        readable, _, _ = select.select([self._connection], [], [], LOOK_SECONDS)
        if not readable:
            return False
        self._connection.poll()
        heard = bool(self._connection.notifies)
        self._connection.notifies.clear()
        return heard

    def _ring(self) -> None:
        with self._rung:
            self.count += 1
            self._rung.notify_all()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
