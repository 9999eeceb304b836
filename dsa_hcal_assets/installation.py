"""One installation of the platform: the objects that belong together, made from its settings.

Belongs here: wiring of settings to database, products, ledger, thresholds and workers, each made
when first asked for. Not here: any work. Orchestration, API, CLI and notebooks all start from it.
"""

import logging
from functools import cached_property
from typing import TYPE_CHECKING

from dsa_hcal_assets.errors import PlatformError
from dsa_hcal_assets.settings import Settings, load_settings

if TYPE_CHECKING:
    from dsa_hcal_assets.alerts import Alert
    from dsa_hcal_assets.alerts.journal import Journal
    from dsa_hcal_assets.alerts.outlets import Outlets
    from dsa_hcal_assets.database.connection import Database
    from dsa_hcal_assets.ledger.ledger import Ledger
    from dsa_hcal_assets.products.store import ProductStore
    from dsa_hcal_assets.quality.thresholds import Thresholds
    from dsa_hcal_assets.workers.client import WorkerClient

logger = logging.getLogger(__name__)


class Installation:
    """The parts of one deployment.

    Parameters
    ----------
    settings
        Its settings; read from the environment when first needed if None.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings

    @cached_property
    def settings(self) -> Settings:
        """The settings object."""
        return self._settings or load_settings()

    @cached_property
    def database(self) -> "Database":
        """The PostgreSQL database: the one of the settings, else the running platform's own.

        Raises
        ------
        DatabaseUnavailable
            If no URL is set and no platform runs on the state directory.
        """
        from dsa_hcal_assets.database.connection import Database
        from dsa_hcal_assets.database.embedded import running_url

        return Database(self.settings.database_url or running_url(self.settings.state_dir / "postgres"))

    @cached_property
    def products(self) -> "ProductStore":
        """The product tree and its register."""
        from dsa_hcal_assets.products.store import ProductStore

        return ProductStore(self.settings.products, self.database)

    @cached_property
    def ledger(self) -> "Ledger":
        """The ledger of everything that arrived."""
        from dsa_hcal_assets.ledger.ledger import Ledger

        return Ledger(self.database, self.settings.quarantine)

    @cached_property
    def thresholds(self) -> "Thresholds":
        """Quality limits with this installation's overrides."""
        from dsa_hcal_assets.quality.thresholds import Thresholds

        return Thresholds.load(self.settings.thresholds_file)

    @cached_property
    def workers(self) -> "WorkerClient":
        """Processes for heavy calls (CASA, WSClean)."""
        from dsa_hcal_assets.workers.client import WorkerClient
        from dsa_hcal_assets.workers.sockets import socket_path

        return WorkerClient(socket_path(self.settings.state_dir, "casa"))

    @cached_property
    def outlets(self) -> "Outlets":
        """The channels alerts go to, with their routes.

        Raises
        ------
        ConfigurationError
            If an address or a route is wrong.
        """
        from dsa_hcal_assets.alerts.outlets import Outlets

        return Outlets.of(self.settings)

    @cached_property
    def journal(self) -> "Journal":
        """Alerts and ends of troubles that could not be recorded yet."""
        from dsa_hcal_assets.alerts.journal import Journal

        return Journal(self.settings.state_dir / "alerts" / "unrecorded.jsonl")

    def tell(self, alert: "Alert") -> None:
        """Record an alert for the installation's channels; never raises."""
        from dsa_hcal_assets.alerts.raising import raise_alert, tell_unrecorded

        try:
            channels = self.outlets.channels_for(alert)
        except PlatformError as error:
            logger.error("alerts reach nobody: %s", error)
            channels = []
        try:
            database = self.database
        except PlatformError as error:
            logger.error("alert %r could not be recorded: %s", alert.title, error)
            tell_unrecorded(alert, channels, self.journal)
            return
        raise_alert(database, alert, channels, self.journal)

    def tell_end(self, dedup_key: str) -> None:
        """Record that the trouble with this key is over; without the database that is kept until it can be.

        Raises
        ------
        OSError
            If it can neither be recorded nor kept.
        """
        from dsa_hcal_assets.alerts.raising import end_alert

        try:
            database = self.database
        except PlatformError as error:
            logger.error("the end of %r could not be recorded: %s", dedup_key, error)
            self.journal.keep_end(dedup_key)
            return
        end_alert(database, dedup_key, self.journal)
