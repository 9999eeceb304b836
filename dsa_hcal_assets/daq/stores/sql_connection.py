"""One connection to a database, every wait on it bounded, outages told apart from bad content."""

import contextlib
import os
import socket
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from dsa_hcal_assets.daq.stores.interface import SinkUnavailable
from dsa_hcal_assets.database.watchdog import Watchdog
from dsa_hcal_assets.errors import BadInput, ConfigurationError

_DRIVERS = {"mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql", "postgresql": "postgresql+psycopg2"}
_CONTENT = (sa.exc.DataError, sa.exc.IntegrityError, OverflowError, pa.ArrowException)
# The client waits this much longer than the server's own time limit, which explains itself.
_GRACE_SECONDS = 5.0
_WATCHDOG = Watchdog()


class ContentRefused(BadInput):
    """The database refuses rows for what is in them."""


class SqlConnection:
    """A connection that is made when needed and given up at any failure.

    Parameters
    ----------
    url
        As SQLAlchemy takes it; drivers are chosen where it names none.
    connect_seconds, statement_seconds
        Deadlines.

    Raises
    ------
    ConfigurationError
        If the URL cannot be read, or its driver is not installed.
    """

    def __init__(self, url: str, connect_seconds: float, statement_seconds: float) -> None:
        self._statement_seconds = statement_seconds
        self._connection: sa.Connection | None = None
        try:
            parsed = sa.make_url(url)
            parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
            backend = parsed.get_backend_name()
            deadlines = _deadlines(backend, connect_seconds, statement_seconds)
            self._engine = sa.create_engine(parsed, poolclass=NullPool, connect_args=deadlines)
        except (sa.exc.ArgumentError, ImportError) as error:
            # SQLAlchemy's message may show the password
            raise ConfigurationError(
                "the URL of an SQL store cannot be used",
                expected="postgresql://, mysql://, mariadb:// or sqlite:///",
                found=type(error).__name__,
            ) from None
        self.name = self._engine.url.render_as_string(hide_password=True)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Run the body in one transaction.

        Raises
        ------
        ContentRefused
            If the database refuses what is to be written; nothing was.
        SinkUnavailable
            If it is away, or refuses for other reasons; if it broke during the commit, the rows may be there.
        """
        try:
            with self._connected() as connection, connection.begin():
                yield connection
        except _CONTENT as error:
            raise ContentRefused(_reason(error)) from error
        except (sa.exc.DBAPIError, OSError) as error:
            self.close()
            raise SinkUnavailable(
                f"database {self.name} did not complete a transaction",
                found=_reason(error),
                kept="it was rolled back, or its commit was not confirmed; the messages wait",
                remedy="check that the server runs, is reachable, and lets this user make and alter tables",
            ) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the connection up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sa.exc.SQLAlchemyError):
                connection.invalidate()
                connection.close()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        if self._connection is None:
            self._connection = self._engine.connect()
        driver: Any = self._connection.connection.driver_connection
        if self._engine.dialect.name != "postgresql":
            # their drivers have time limits of their own
            yield self._connection
            return
        # libpq waits for ever on a server that is mute
        with (
            socket.socket(fileno=os.dup(driver.fileno())) as channel,
            _WATCHDOG.guard(channel, self._statement_seconds + _GRACE_SECONDS),
        ):
            yield self._connection


def _deadlines(backend: str, connect_seconds: float, statement_seconds: float) -> dict[str, Any]:
    if backend == "postgresql":
        milliseconds = round(statement_seconds * 1000)
        return {
            "connect_timeout": max(2, round(connect_seconds)),
            "options": f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds} -c timezone=UTC",
            "application_name": "dsa_hcal_assets",
        }
    if backend in ("mysql", "mariadb"):
        return {
            "connect_timeout": max(1, round(connect_seconds)),
            "read_timeout": statement_seconds,
            "write_timeout": statement_seconds,
            "charset": "utf8mb4",
            "init_command": "SET time_zone = '+00:00', sql_mode = 'TRADITIONAL'",
        }
    return {"timeout": statement_seconds} if backend == "sqlite" else {}


def _reason(error: BaseException) -> str:
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    text = str(cause).strip()
    return text.splitlines()[0] if text else type(cause).__name__
