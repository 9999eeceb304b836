"""The database as a member of the supervised group: the embedded server, or one elsewhere."""

from dsa_hcal_assets.database.embedded import EmbeddedServer
from dsa_hcal_assets.errors import ConfigurationError, PlatformError
from dsa_hcal_assets.processes import ProcessIdentity
from dsa_hcal_assets.workers.logs import log_tail


class PostgresMember:
    """Starts and ends an embedded server; `EmbeddedServer` knows how.

    Parameters
    ----------
    server
        The server. It must have a port of its own: after a restart clients look for it there.
    """

    def __init__(self, server: EmbeddedServer) -> None:
        self._server = server
        self._identity: ProcessIdentity | None = None
        self._failure: str | None = None
        self.url = ""

    @property
    def pid(self) -> int | None:
        """Process number of the postmaster while it serves."""
        return None if self._identity is None or not self._identity.alive() else self._identity.pid

    def start(self) -> None:
        """Start the server, if it does not run, and wait until it accepts connections.

        Raises
        ------
        ConfigurationError
            If waiting changes nothing (a busy port, a foreign directory, no installation).
        """
        if self.pid is not None:
            return
        self._identity = None
        try:
            # a server whose postmaster was killed has to be taken down before it can be started anew
            self._server.stop()
            self.url = self._server.start()
        except ConfigurationError:
            raise
        except PlatformError as error:
            self._failure = str(error)
            return
        self._failure = None
        pid = self._server.pid
        self._identity = None if pid is None else ProcessIdentity.of(pid)

    def ended(self) -> str | None:
        """Return how it ended, or None while it runs."""
        if self._failure is not None:
            return self._failure
        return None if self._identity is None or self._identity.alive() else "the postmaster ended"

    def children(self) -> set[int]:
        """Return the number of the postmaster; `EmbeddedServer` collects it."""
        return set() if self._identity is None else {self._identity.pid}

    def retire(self) -> bool:
        """Nothing succeeds a database."""
        return False

    def request_stop(self) -> None:
        """Stop the server in order; returns when it has ended."""
        self._server.stop()

    def kill(self) -> None:
        """Stop the server, which kills it where it does not end in order."""
        self._server.stop()

    def log_tail(self) -> str:
        """Return the end of the server's log."""
        return log_tail(self._server.log)


class ExternalDatabase:
    """A database that is not ours to start or end."""

    pid: int | None = None

    def start(self) -> None:
        """Nothing to start."""

    def ended(self) -> str | None:
        """It runs as far as this group is concerned; the probe tells whether it serves."""
        return None

    def children(self) -> set[int]:
        """None of ours."""
        return set()

    def retire(self) -> bool:
        """Nothing succeeds it."""
        return False

    def request_stop(self) -> None:
        """Nothing to end."""

    def kill(self) -> None:
        """Nothing to end."""

    def log_tail(self) -> str:
        """It logs elsewhere."""
        return ""
