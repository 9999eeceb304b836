"""A database for one command: the configured one, the running platform's, or one started for it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.embedded import EmbeddedServer
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.settings import Settings

CLUSTER = "postgres"


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """Give the database of an installation, also when its platform is not running.

    Without ``DSA_HCAL_DATABASE_URL`` the embedded server is attached to, or started on a free port
    and stopped again; it is never made anew here.

    Raises
    ------
    ConfigurationError
        If there is neither a URL nor an embedded database under the state directory.
    DatabaseUnavailable
        If the server does not answer.
    """
    if settings.database_url:
        yield from _used(settings.database_url)
        return
    data_dir = settings.state_dir.absolute() / CLUSTER
    if not data_dir.exists():
        raise ConfigurationError(
            f"there is no database under {settings.state_dir.absolute()}",
            remedy="start the platform once with `dsa-hcal up`, or set DSA_HCAL_STATE_DIR or "
            "DSA_HCAL_DATABASE_URL to those of the running one",
        )
    with EmbeddedServer(data_dir) as server:
        yield from _used(server.url())


@contextmanager
def temporary() -> Iterator[Database]:
    """Give an empty database on a server of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="dsa-hcal-") as place:
        # root's server runs under an account without privileges, which has to pass
        Path(place).chmod(0o711)
        with EmbeddedServer(Path(place) / CLUSTER) as server:
            yield from _used(server.url())


def _used(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        database.ping()
        yield database
    finally:
        database.close()
