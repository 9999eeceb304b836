"""Extensions are seen where they are installed, and only there."""

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.extensions import TIMESCALEDB, extension_version


def test_an_installed_extension_has_a_version(database: Database) -> None:
    assert extension_version(database, "plpgsql") == "1.0"


def test_what_is_not_installed_has_none(database: Database) -> None:
    assert extension_version(database, TIMESCALEDB) is None
