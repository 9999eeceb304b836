"""Which extensions a database has. The platform needs none (the embedded server has none to offer)."""

from dsa_hcal_assets.database.connection import Database

TIMESCALEDB = "timescaledb"


def extension_version(database: Database, name: str) -> str | None:
    """Return the version of an extension that is installed in the database, None if it is not."""
    rows = database.rows("select extversion from pg_extension where extname = %s", (name,))
    return str(rows[0][0]) if rows else None
