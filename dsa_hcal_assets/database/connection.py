"""Transactions on PostgreSQL, each with deadlines, and outages told apart from bad statements."""

import logging
import os
import select
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import psycopg2
import psycopg2.extensions

from dsa_hcal_assets.database import urls
from dsa_hcal_assets.database.watchdog import Watchdog
from dsa_hcal_assets.errors import DatabaseUnavailable

logger = logging.getLogger(__name__)

Parameters = Sequence[Any] | Mapping[str, Any]

# The client waits this much longer than the server's statement_timeout, so that a living server
# explains itself first.
GRACE_SECONDS = 5.0
KEPT_CONNECTIONS = 4
_WATCHDOG = Watchdog()


class _Connection(psycopg2.extensions.connection):
    channel: socket.socket
    seconds: float

    def watch(self, seconds: float) -> None:
        # A duplicate keeps the descriptor number ours even when libpq closes its own.
        self.channel = socket.socket(fileno=os.dup(self.fileno()))
        self.seconds = seconds + GRACE_SECONDS

    def dropped(self) -> bool:
        """Tell whether an idle connection was closed, or spoken to, by the server."""
        if self.closed:
            return True
        readable, _, _ = select.select([self.channel], [], [], 0)
        return bool(readable)

    def close(self) -> None:
        super().close()
        self.channel.close()


class _Cursor(psycopg2.extensions.cursor):
    """A cursor whose every round trip is guarded by the watchdog."""

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        connection = cast(_Connection, self.connection)
        with _WATCHDOG.guard(connection.channel, connection.seconds):
            yield

    def execute(self, query: Any, vars: Any = None) -> None:
        with self._guarded():
            super().execute(query, vars)

    def executemany(self, query: Any, vars_list: Any) -> None:
        with self._guarded():
            super().executemany(query, vars_list)

    def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
        with self._guarded():
            super().copy_expert(sql, file, size)


class Database:
    """One PostgreSQL database, reached by short transactions.

    Parameters
    ----------
    url
        ``postgresql://...`` over TCP or a unix socket.
    connect_seconds
        Deadline of connecting (libpq knows whole seconds, at least 2).
    statement_seconds
        Deadline of each statement, held by the server and, `GRACE_SECONDS` later, by the client;
        waiting for a lock and idling inside a transaction are bounded by it too.
    kept_connections
        Connections that are kept open while nobody uses them; more are opened as needed.

    Safe to share between threads, and to keep across a fork: connections are the process's own.
    """

    def __init__(
        self,
        url: str,
        *,
        connect_seconds: float = 5,
        statement_seconds: float = 60,
        kept_connections: int = KEPT_CONNECTIONS,
    ) -> None:
        self._parameters = urls.parse(url)
        self.url = url
        self._connect_seconds = connect_seconds
        self._statement_seconds = statement_seconds
        self._kept_connections = kept_connections
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._idle: list[_Connection] = []

    def __repr__(self) -> str:
        return f"Database({urls.masked(self.url)!r})"

    @contextmanager
    def transaction(self) -> Iterator[psycopg2.extensions.cursor]:
        """Run the body in one transaction: commit on exit, roll back on any error.

        Raises
        ------
        DatabaseUnavailable
            If the server refuses, drops or does not answer in time, or ended the transaction for
            its own reasons (deadlock, time-out, shutdown). When the connection breaks during the
            commit itself the outcome is unknown: the effect must be safe to repeat.
        psycopg2.Error
            Other errors of statements and constraints, unchanged.
        """
        with self._mapped():
            connection = self._take()
        try:
            with self._mapped():
                with connection.cursor(cursor_factory=_Cursor) as cursor:
                    yield cursor
                with _WATCHDOG.guard(connection.channel, connection.seconds):
                    connection.commit()
        except BaseException:
            self._give_up(connection)
            raise
        self._give_back(connection)

    def rows(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """Return all rows of one statement, which is a transaction of its own.

        Raises
        ------
        DatabaseUnavailable, psycopg2.Error
            As `transaction`.
        """
        with self._mapped():
            connection = self._take()
        try:
            with self._mapped(), connection.cursor(cursor_factory=_Cursor) as cursor:
                # One round trip: the server itself begins and commits.
                connection.autocommit = True
                # Without parameters nothing is interpolated, so a literal % stays what it is.
                cursor.execute(sql, parameters or None)
                rows = cursor.fetchall()
                connection.autocommit = False
        except BaseException:
            self._give_up(connection)
            raise
        self._give_back(connection)
        return rows

    def ping(self) -> None:
        """Return if the database answers.

        Raises
        ------
        DatabaseUnavailable
            If it does not.
        """
        self.rows("select 1")

    def close(self) -> None:
        """Close the idle connections; later calls open new ones."""
        with self._lock:
            idle, self._idle = self._own_idle(), []
        for connection in idle:
            connection.close()

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise DatabaseUnavailable(
                f"database {urls.masked(self.url)} did not complete a transaction",
                found=reason,
                kept="the transaction was rolled back, or its commit was not confirmed",
                remedy="check that the server runs and is reachable; the call may be repeated",
            ) from error

    def _own_idle(self) -> list[_Connection]:
        if self._pid != os.getpid():
            # Connections of the parent must not be used or closed here; psycopg2 leaves them open
            # when it drops them in another process than the one that made them.
            self._pid = os.getpid()
            self._idle = []
        return self._idle

    def _take(self) -> _Connection:
        while True:
            with self._lock:
                idle = self._own_idle()
                connection = idle.pop() if idle else None
            if connection is None:
                return self._connect()
            if not connection.dropped():
                return connection
            connection.close()

    def _connect(self) -> _Connection:
        milliseconds = round(self._statement_seconds * 1000)
        timeouts = (
            f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds} "
            f"-c idle_in_transaction_session_timeout={10 * milliseconds} -c timezone=UTC"
        )
        defaults: dict[str, Any] = {
            "connect_timeout": max(2, round(self._connect_seconds)),
            "application_name": "dsa_hcal_assets",
            "keepalives": 1,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": milliseconds + round(GRACE_SECONDS * 1000),
        }
        parameters = defaults | self._parameters
        parameters["options"] = f"{timeouts} {self._parameters.get('options', '')}".strip()
        connection: _Connection = psycopg2.connect(connection_factory=_Connection, **parameters)
        connection.watch(self._statement_seconds)
        return connection

    def _give_back(self, connection: _Connection) -> None:
        with self._lock:
            if len(self._own_idle()) < self._kept_connections:
                self._idle.append(connection)
                return
        connection.close()

    def _give_up(self, connection: _Connection) -> None:
        """End a failed transaction; the connection is kept only if its roll-back went through."""
        try:
            with _WATCHDOG.guard(connection.channel, connection.seconds):
                connection.rollback()
        except psycopg2.Error as error:
            logger.debug("roll-back failed, connection dropped: %s", error)
            connection.close()
        else:
            connection.autocommit = False
            self._give_back(connection)
