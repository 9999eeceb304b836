"""What every route of the API may ask for: settings, connections, the version."""

import importlib.metadata
import threading
from functools import cached_property

from prometheus_client import CollectorRegistry

from dsa_hcal_assets.database import roles
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.settings import Settings

CONNECT_SECONDS = 3.0
STATEMENT_SECONDS = 5.0
EXPORT_SECONDS = 900.0
KEPT_CONNECTIONS = 12
"""As many requests ask the database at once when a hundred clients are busy; opening one costs a process."""


class Web:
    """One installation as the HTTP face sees it.

    Parameters
    ----------
    settings
        Settings of the installation; read from the environment when None.

    Raises
    ------
    ConfigurationError
        If a setting is wrong, or there is no database to ask.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.installation = Installation(settings)
        self.settings = self.installation.settings
        self.version = importlib.metadata.version("dsa_hcal_assets")
        self.writer = Database(
            self.installation.database.url,
            connect_seconds=CONNECT_SECONDS,
            statement_seconds=STATEMENT_SECONDS,
        )
        self._readers: dict[float, Database] = {}
        self._lock = threading.Lock()

    @property
    def reader(self) -> Database:
        """Connections of the read-only role: the only ones that answers to GET may use.

        Raises
        ------
        DatabaseUnavailable
            If the database does not answer while the first of them is made.
        """
        return self._reading(STATEMENT_SECONDS)

    @property
    def export_reader(self) -> Database:
        """As `reader`, for statements whose rows a client may take minutes to receive."""
        return self._reading(EXPORT_SECONDS)

    def _reading(self, statement_seconds: float) -> Database:
        found = self._readers.get(statement_seconds)
        if found is None:
            # Without the lock: while the database is away, requests must not wait for each other's deadline.
            found = roles.reading(
                self.writer,
                connect_seconds=CONNECT_SECONDS,
                statement_seconds=statement_seconds,
                kept_connections=KEPT_CONNECTIONS,
            )
            with self._lock:
                found = self._readers.setdefault(statement_seconds, found)
        return found

    @cached_property
    def registry(self) -> CollectorRegistry:
        """Metrics of this application."""
        return CollectorRegistry()

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger of everything that arrived."""
        return Ledger(self.writer, self.settings.quarantine)
