"""Fill the tables that say what the detector consists of, from geometry and channel map."""

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import DateTimeTZRange, execute_values

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap, parse_channel_map
from dsa_hcal_assets.hcal.mapping.validity import FOREVER

_INSERT_TOWERS = """
insert into hcal.tower (tower_id, detector, towerid, packed_key, sector, ieta, iphi, sector_id, half_sector,
                        half, half_sector_label)
values %s on conflict (tower_id) do nothing
"""
_NUMBERS = (
    "tower_id",
    "detector",
    "towerid",
    "packed_key",
    "sector",
    "ieta",
    "iphi",
    "sector_id",
    "half_sector",
)
DIGEST, LOCAL_ZONE = "channel_map_digest", "local_zone"


def sync_dimensions(database: Database, channel_map: ChannelMap, *, local_zone: str | None = None) -> bool:
    """Bring `hcal.tower`, `hcal.channel_map` and the zone of the compatibility views up to date.

    One look and no write when nothing changed; safe to call from several processes at once.

    Parameters
    ----------
    local_zone
        Zone of naive local times; None keeps what is set.

    Returns
    -------
    bool
        Whether anything had to be written.
    """
    wanted = {DIGEST: channel_map.digest} | ({LOCAL_ZONE: local_zone} if local_zone else {})
    with database.transaction() as cursor:
        if _up_to_date(cursor, wanted):
            return False
        cursor.execute("select pg_advisory_xact_lock(hashtext('hcal.dimensions'))")
        if _up_to_date(cursor, wanted):
            return False
        _write_towers(cursor)
        _write_map(cursor, channel_map)
        execute_values(
            cursor,
            "insert into hcal.setting values %s on conflict (name) do update set value = excluded.value",
            list(wanted.items()),
        )
    return True


def _up_to_date(cursor: Cursor, wanted: dict[str, str]) -> bool:
    cursor.execute("select name, value from hcal.setting where name = any(%s)", (list(wanted),))
    return dict(cursor.fetchall()) == wanted and version_text(cursor, wanted[DIGEST]) is not None


def map_in_use(database: Database) -> ChannelMap | None:
    """Return the channel map that days were last loaded with, None before the first."""
    with database.transaction() as cursor:
        cursor.execute("select value from hcal.setting where name = %s", (DIGEST,))
        digest = cursor.fetchone()
        text = version_text(cursor, digest[0]) if digest else None
    return parse_channel_map(text, "the channel map in use") if text else None


def version_text(cursor: Cursor, digest: str) -> str | None:
    """Return the text of a map file that was in use once, None for one that was not (or long ago)."""
    cursor.execute("select content from hcal.channel_map_version where digest = %s", (digest,))
    found = cursor.fetchone()
    return found[0] if found else None


def _write_towers(cursor: Cursor) -> None:
    towers = geometry.towers()
    columns = [getattr(towers, name).tolist() for name in _NUMBERS]
    columns.append(["NS"[half] for half in towers.half])
    columns.append([geometry.half_sector_label(int(number)) for number in towers.half_sector])
    execute_values(cursor, _INSERT_TOWERS, list(zip(*columns, strict=True)), page_size=geometry.HCAL_TOWERS)


def _write_map(cursor: Cursor, channel_map: ChannelMap) -> None:
    cursor.execute(
        "insert into hcal.channel_map_version (digest, content) values (%s, %s) on conflict do nothing",
        (channel_map.digest, channel_map.text),
    )
    cursor.execute("delete from hcal.channel_map")
    rows = [
        (
            row.board,
            row.channel,
            row.value,
            row.tower_id,
            DateTimeTZRange(row.valid_from, None if row.valid_to == FOREVER else row.valid_to),
        )
        for row in channel_map.rows
    ]
    execute_values(
        cursor,
        "insert into hcal.channel_map (board, channel, value, tower_id, validity) values %s",
        rows,
        page_size=geometry.HCAL_TOWERS,
    )
