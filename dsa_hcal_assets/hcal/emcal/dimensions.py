"""Fill the tables that say what the EMCal consists of, from geometry and board map."""

import io
from dataclasses import asdict

import numpy as np
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import DateTimeTZRange, execute_values

from dsa_hcal_assets.database.binary_copy import copy_bytes
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.emcal import geometry
from dsa_hcal_assets.hcal.emcal.board_map import BoardMap
from dsa_hcal_assets.hcal.mapping.validity import FOREVER

DIGEST = "emcal_board_map_digest"
_COPY_TOWERS = """
copy hcal.emcal_tower (tower_id, towerid, packed_key, raw_tower_key, ieta, iphi, sector, interface_board,
                       board_channel, packet, packet_channel) from stdin (format binary)
"""
_KEYS = ("packed_key", "raw_tower_key")  # integer; all other columns are smallint
_SET = "insert into hcal.setting values (%s, %s) on conflict (name) do update set value = excluded.value"
_INSERT_BOARDS = """
insert into hcal.emcal_board_map (controller, channel, sector, interface_board, validity) values %s
"""


def sync_dimensions(database: Database, board_map: BoardMap) -> bool:
    """Bring `hcal.emcal_tower` and `hcal.emcal_board_map` up to date.

    One look and no write when nothing changed; safe to call from several processes at once.

    Returns
    -------
    bool
        Whether anything had to be written.
    """
    with database.transaction() as cursor:
        if _digest(cursor) == board_map.digest:
            return False
        cursor.execute("select pg_advisory_xact_lock(hashtext('hcal.emcal dimensions'))")
        if _digest(cursor) == board_map.digest:
            return False
        _write_towers(cursor)
        _write_map(cursor, board_map)
        cursor.execute(_SET, (DIGEST, board_map.digest))
    return True


def _digest(cursor: Cursor) -> str | None:
    cursor.execute("select value from hcal.setting where name = %s", (DIGEST,))
    row = cursor.fetchone()
    return None if row is None else str(row[0])


def _write_towers(cursor: Cursor) -> None:
    """Fill `hcal.emcal_tower`, once and for all: geometry does not change."""
    cursor.execute("select exists (select from hcal.emcal_tower)")
    if cursor.fetchone() == (True,):
        return
    towers = asdict(geometry.towers())
    row = np.dtype([(name, "i4" if name in _KEYS else "i2") for name in towers])
    rows = np.zeros(geometry.TOWERS, row)
    for name, values in towers.items():
        rows[name] = values
    cursor.copy_expert(_COPY_TOWERS, io.BytesIO(copy_bytes(rows)), size=1 << 20)


def _write_map(cursor: Cursor, board_map: BoardMap) -> None:
    cursor.execute("delete from hcal.emcal_board_map")
    rows = [
        (
            row.controller,
            row.channel,
            row.sector,
            row.interface_board,
            DateTimeTZRange(row.valid_from, None if row.valid_to == FOREVER else row.valid_to),
        )
        for row in board_map.rows
    ]
    execute_values(cursor, _INSERT_BOARDS, rows, page_size=1000)
