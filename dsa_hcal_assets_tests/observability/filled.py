"""A database that holds something of everything: radio groups, detector cycles, rig days, up to now.

Values are plain functions of place and time, so that tests can say what a query must find. Made by the
server itself: a year of groups takes minutes, what the tests need a second.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from psycopg2 import sql

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.embedded import EmbeddedServer
from dsa_hcal_assets.hcal.emcal.board_map import load_board_map
from dsa_hcal_assets.hcal.emcal.dimensions import sync_dimensions as sync_emcal
from dsa_hcal_assets.hcal.mapping.channel_map import load_channel_map
from dsa_hcal_assets.hcal.mapping.dimensions import sync_dimensions
from dsa_hcal_assets_tests.conftest import administer

PROCESSING_SECONDS = 6 * 20
"""First stage to report of every group."""

KINDS = (
    "uvh5_group",
    "measurement_set",
    "flags",
    "calibration_tables",
    "continuum_image",
    "radio_qa_report",
    "quicklook_image",
)
"""Products of every group, in order: each takes 20 s and follows the one before."""


@contextmanager
def filled_database(server: EmbeddedServer, template: str, name: str) -> Iterator[Database]:
    """Give a filled database for a whole module of tests that only look."""
    names = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
    administer(
        server, sql.SQL("create database {name} template {template} strategy file_copy").format(**names)
    )
    database = Database(server.url(name))
    fill(database, utc_now())
    yield database
    database.close()
    administer(server, sql.SQL("drop database {name} with (force)").format(**names))


def fill(
    database: Database, now: datetime, *, groups: int = 40, cycles: int = 12, emcal_sectors: int = 1
) -> None:
    """Fill an empty, migrated database with what led up to `now`; without cycles there is no detector."""
    values = {
        "now": now,
        "groups": groups,
        "cycles": cycles,
        "kinds": list(KINDS),
        "emcal_sectors": emcal_sectors,
    }
    names = ["filled_radio.sql"]
    if cycles:
        sync_dimensions(database, load_channel_map())
        sync_emcal(database, load_board_map())
        names += ["filled_detector.sql", "filled_rig.sql"]
    for name in names:
        statements = Path(__file__).with_name(name).read_text(encoding="utf-8")
        with database.transaction() as cursor:
            cursor.execute(statements, values)
